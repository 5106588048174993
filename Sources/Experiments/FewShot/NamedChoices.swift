import Networks

extension ConvolutionalNetwork.Halving: NamedChoice {}
extension ConvolutionalNetwork.Padding: NamedChoice {}
