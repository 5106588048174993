import Synchronization

#if BDA_ONEDNN_CONVOLUTION
  internal import COneDNN
#endif

/// The three products of a convolution by oneDNN 2.x, in single precision.
///
/// The library may prefer its own blocked layouts; then each operand is reordered on the way in or
/// out. Compiled primitives are kept, one per (product, geometry), and shared by all threads: each
/// execution brings its own memory. Where the library has no implementation, or was built against
/// another major version (whose interface differs), ``run`` returns false and the caller computes in
/// plain Swift.
enum OneDNNConvolution {
  #if BDA_ONEDNN_CONVOLUTION
    /// Whether the library computed the product. Operands and result are plain row-major.
    static func run(
      _ product: ConvolutionProduct, _ geometry: Convolution2D, _ first: UnsafeRawPointer,
      _ second: UnsafeRawPointer, into out: UnsafeMutableRawPointer
    ) -> Bool {
      OneDNN.useCallingThreadOnly()
      guard let primitive = primitive(for: Key(product: product, geometry: geometry)) else {
        return false
      }
      return primitive.execute(
        UnsafeMutableRawPointer(mutating: first), UnsafeMutableRawPointer(mutating: second), out)
    }

    private struct Key: Hashable {
      let product: ConvolutionProduct
      let geometry: Convolution2D
    }

    /// What has been compiled; nil where the library refused.
    private static let compiled = Mutex<[Key: ConvolutionPrimitive?]>([:])

    /// More geometries than any experiment has; a process that sees more starts again.
    private static let capacity = 512

    private static func primitive(for key: Key) -> ConvolutionPrimitive? {
      compiled.withLock { compiled in
        if let known = compiled[key] { return known }
        if compiled.count >= capacity { compiled.removeAll() }
        let primitive = OneDNNEngine.shared.flatMap {
          ConvolutionPrimitive(key.product, key.geometry, engine: $0)
        }
        compiled[key] = .some(primitive)
        return primitive
      }
    }
  #else
    static func run(
      _ product: ConvolutionProduct, _ geometry: Convolution2D, _ first: UnsafeRawPointer,
      _ second: UnsafeRawPointer, into out: UnsafeMutableRawPointer
    ) -> Bool { false }
  #endif
}

#if BDA_ONEDNN_CONVOLUTION
  /// The library's view of the processor; one per process.
  private final class OneDNNEngine: @unchecked Sendable {
    static let shared = OneDNNEngine()
    let handle: dnnl_engine_t

    private init?() {
      var engine: dnnl_engine_t?
      guard dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success, let engine else { return nil }
      handle = engine
    }

    deinit { dnnl_engine_destroy(handle) }
  }

  /// A compiled product with the reorders around it. Immutable, so executions may overlap.
  private final class ConvolutionPrimitive: @unchecked Sendable {
    private let engine: OneDNNEngine
    private let handle: dnnl_primitive_t
    private let inputs: [Operand]
    private let output: Operand
    private let scratchpad: dnnl_memory_desc_t

    /// One argument: its number, the caller's layout and the primitive's.
    private struct Operand {
      let argument: Int32
      let plain: dnnl_memory_desc_t
      let preferred: dnnl_memory_desc_t
      /// From the caller's layout to the primitive's, or back for the output; nil where they agree.
      var reorder: dnnl_primitive_t?
    }

    init?(_ product: ConvolutionProduct, _ geometry: Convolution2D, engine: OneDNNEngine) {
      guard let description = Self.describe(product, geometry, engine) else { return nil }
      defer { dnnl_primitive_desc_destroy(description) }
      let arguments = Self.arguments(product, geometry)
      var operands: [Operand] = []
      for (position, argument) in arguments.enumerated() {
        guard let plain = Self.memory(argument.shape, dnnl_abcd),
          let preferred = dnnl_primitive_desc_query_md(
            description, dnnl_query_exec_arg_md, argument.number)?.pointee
        else {
          Self.destroy(operands)
          return nil
        }
        var operand = Operand(argument: argument.number, plain: plain, preferred: preferred)
        let isOutput = position == arguments.count - 1
        if !Self.same(plain, preferred) {
          operand.reorder = Self.reorder(
            from: isOutput ? preferred : plain, to: isOutput ? plain : preferred, engine)
          if operand.reorder == nil {
            Self.destroy(operands)
            return nil
          }
        }
        operands.append(operand)
      }
      var primitive: dnnl_primitive_t?
      guard dnnl_primitive_create(&primitive, description) == dnnl_success, let primitive,
        let scratchpad = dnnl_primitive_desc_query_md(
          description, dnnl_query_exec_arg_md, DNNL_ARG_SCRATCHPAD)?.pointee,
        let output = operands.popLast()
      else {
        Self.destroy(operands)
        return nil
      }
      self.engine = engine
      handle = primitive
      inputs = operands
      self.output = output
      self.scratchpad = scratchpad
    }

    deinit {
      dnnl_primitive_destroy(handle)
      Self.destroy(inputs + [output])
    }

    private static func destroy(_ operands: [Operand]) {
      for operand in operands {
        if let reorder = operand.reorder { dnnl_primitive_destroy(reorder) }
      }
    }
  }

  // MARK: - Compiling

  extension ConvolutionPrimitive {
    /// The argument numbers and shapes: the two operands, then the result.
    private static func arguments(
      _ product: ConvolutionProduct, _ geometry: Convolution2D
    ) -> [(number: Int32, shape: [Int])] {
      let (x, w, y) = (geometry.imageShape, geometry.weightShape, geometry.resultShape)
      switch product {
      case .forward:
        return [(DNNL_ARG_SRC_0, x), (DNNL_ARG_WEIGHTS_0, w), (DNNL_ARG_DST_0, y)]
      case .dataDerivative:
        return [(DNNL_ARG_DIFF_DST_0, y), (DNNL_ARG_WEIGHTS_0, w), (DNNL_ARG_DIFF_SRC_0, x)]
      case .weightDerivative:
        return [(DNNL_ARG_SRC_0, x), (DNNL_ARG_DIFF_DST_0, y), (DNNL_ARG_DIFF_WEIGHTS_0, w)]
      }
    }

    private static func memory(
      _ shape: [Int], _ layout: dnnl_format_tag_t
    ) -> dnnl_memory_desc_t? {
      var description = dnnl_memory_desc_t()
      let extents = shape.map { dnnl_dim_t($0) }
      let status = dnnl_memory_desc_init_by_tag(
        &description, Int32(extents.count), extents, dnnl_f32, layout)
      return status == dnnl_success ? description : nil
    }

    private static func same(_ left: dnnl_memory_desc_t, _ right: dnnl_memory_desc_t) -> Bool {
      withUnsafePointer(to: left) { left in
        withUnsafePointer(to: right) { dnnl_memory_desc_equal(left, $0) != 0 }
      }
    }

    private static func reorder(
      from: dnnl_memory_desc_t, to: dnnl_memory_desc_t, _ engine: OneDNNEngine
    ) -> dnnl_primitive_t? {
      var (source, target) = (from, to)
      var description: dnnl_primitive_desc_t?
      guard
        dnnl_reorder_primitive_desc_create(
          &description, &source, engine.handle, &target, engine.handle, nil) == dnnl_success,
        let description
      else { return nil }
      defer { dnnl_primitive_desc_destroy(description) }
      var primitive: dnnl_primitive_t?
      return dnnl_primitive_create(&primitive, description) == dnnl_success ? primitive : nil
    }

    /// The primitive's description, with layouts of the library's choice and scratch memory brought
    /// by each execution.
    private static func describe(
      _ product: ConvolutionProduct, _ geometry: Convolution2D, _ engine: OneDNNEngine
    ) -> dnnl_primitive_desc_t? {
      guard var x = memory(geometry.imageShape, dnnl_format_tag_any),
        var w = memory(geometry.weightShape, dnnl_format_tag_any),
        var y = memory(geometry.resultShape, dnnl_format_tag_any)
      else { return nil }
      let strides = [dnnl_dim_t](repeating: dnnl_dim_t(geometry.stride), count: 2)
      let padding = [dnnl_dim_t](repeating: dnnl_dim_t(geometry.padding), count: 2)
      var forward = dnnl_convolution_desc_t()
      guard
        dnnl_convolution_forward_desc_init(
          &forward, dnnl_forward_training, dnnl_convolution_direct, &x, &w, nil, &y, strides,
          padding, padding) == dnnl_success,
        let forwardDescription = primitiveDescription(&forward, engine, hint: nil)
      else { return nil }
      if product == .forward { return forwardDescription }
      defer { dnnl_primitive_desc_destroy(forwardDescription) }
      var backward = dnnl_convolution_desc_t()
      let status =
        product == .dataDerivative
        ? dnnl_convolution_backward_data_desc_init(
          &backward, dnnl_convolution_direct, &x, &w, &y, strides, padding, padding)
        : dnnl_convolution_backward_weights_desc_init(
          &backward, dnnl_convolution_direct, &x, &w, nil, &y, strides, padding, padding)
      guard status == dnnl_success else { return nil }
      return primitiveDescription(&backward, engine, hint: forwardDescription)
    }

    private static func primitiveDescription(
      _ operation: inout dnnl_convolution_desc_t, _ engine: OneDNNEngine,
      hint: dnnl_primitive_desc_t?
    ) -> dnnl_primitive_desc_t? {
      var attributes: dnnl_primitive_attr_t?
      guard dnnl_primitive_attr_create(&attributes) == dnnl_success, let attributes else {
        return nil
      }
      defer { dnnl_primitive_attr_destroy(attributes) }
      guard
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
          == dnnl_success
      else { return nil }
      var description: dnnl_primitive_desc_t?
      let status = dnnl_primitive_desc_create(
        &description, &operation, attributes, engine.handle, hint)
      return status == dnnl_success ? description : nil
    }
  }

  // MARK: - Executing

  extension ConvolutionPrimitive {
    /// Runs the reorders and the primitive on the calling thread. Whether everything succeeded.
    func execute(
      _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer,
      _ out: UnsafeMutableRawPointer
    ) -> Bool {
      var stream: dnnl_stream_t?
      guard
        dnnl_stream_create(&stream, engine.handle, UInt32(dnnl_stream_default_flags.rawValue))
          == dnnl_success, let stream
      else { return false }
      let memories = ExecutionMemory(engine)
      defer {
        memories.release()
        dnnl_stream_destroy(stream)
      }
      var arguments: [dnnl_exec_arg_t] = []
      for (operand, pointer) in zip(inputs, [first, second]) {
        guard let plain = memories.create(operand.plain, at: pointer) else { return false }
        var memory = plain
        if let reorder = operand.reorder {
          guard let own = memories.create(operand.preferred, at: nil) else { return false }
          guard Self.run(reorder, stream, plain, own) else { return false }
          memory = own
        }
        arguments.append(dnnl_exec_arg_t(arg: operand.argument, memory: memory))
      }
      guard let plain = memories.create(output.plain, at: out),
        let result = output.reorder == nil ? plain : memories.create(output.preferred, at: nil),
        let scratch = memories.create(scratchpad, at: nil)
      else { return false }
      arguments.append(dnnl_exec_arg_t(arg: output.argument, memory: result))
      arguments.append(dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: scratch))
      guard
        dnnl_primitive_execute(handle, stream, Int32(arguments.count), arguments) == dnnl_success
      else { return false }
      if let reorder = output.reorder {
        guard Self.run(reorder, stream, result, plain) else { return false }
      }
      return dnnl_stream_wait(stream) == dnnl_success
    }

    private static func run(
      _ reorder: dnnl_primitive_t, _ stream: dnnl_stream_t, _ from: dnnl_memory_t,
      _ to: dnnl_memory_t
    ) -> Bool {
      let arguments = [
        dnnl_exec_arg_t(arg: DNNL_ARG_SRC_0, memory: from),
        dnnl_exec_arg_t(arg: DNNL_ARG_DST_0, memory: to),
      ]
      return dnnl_primitive_execute(reorder, stream, 2, arguments) == dnnl_success
    }
  }

  /// The library's memory objects of one execution, and the blocks that belong to it.
  private final class ExecutionMemory {
    private let engine: OneDNNEngine
    private var memories: [dnnl_memory_t] = []
    private var blocks: [UnsafeMutableRawPointer] = []

    init(_ engine: OneDNNEngine) { self.engine = engine }

    /// A memory object over `pointer`, or over a new block where that is nil.
    func create(
      _ description: dnnl_memory_desc_t, at pointer: UnsafeMutableRawPointer?
    ) -> dnnl_memory_t? {
      var description = description
      var address = pointer
      if address == nil {
        let bytes = dnnl_memory_desc_get_size(&description)
        let block = UnsafeMutableRawPointer(
          alignedAllocation(of: UInt8.self, count: Int(bytes)))
        blocks.append(block)
        address = block
      }
      var memory: dnnl_memory_t?
      guard
        dnnl_memory_create(&memory, &description, engine.handle, address) == dnnl_success,
        let memory
      else { return nil }
      memories.append(memory)
      return memory
    }

    func release() {
      for memory in memories { dnnl_memory_destroy(memory) }
      for block in blocks { block.deallocate() }
      memories = []
      blocks = []
    }
  }
#endif
