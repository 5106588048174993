import Bilevel

/// Nesterov's accelerated gradient (Nesterov 1983), in the form with constant momentum:
///
///     z = y_{k-1} + beta (y_{k-1} - y_{k-2}),   y_k = z - s f_y(x, z).
///
/// Dynamics of one's own, written with public API alone: this file and one entry in a catalogue are
/// all there is to it.
struct NesterovDynamics<Scalar: TensorScalar>: InnerDynamics {
  let descent: GradientDescent<Scalar>
  let momentum: Scalar

  var layout: StateLayout { .currentAndPrevious }

  func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let next = descent.step(index, from: extrapolated(state), upper: x, of: problem)
    return Parameters(next.tensors + layout.lowerVariable(of: state).tensors)
  }

  func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let base = descent.linearizeStep(index, from: extrapolated(state), upper: x, of: problem)
    return Linearization(
      base: base, dynamics: self,
      next: Parameters(base.next.tensors + layout.lowerVariable(of: state).tensors))
  }

  /// (1 + beta) y_{k-1} - beta y_{k-2}, linear in the state.
  private func extrapolated(_ state: Parameters<Scalar>) -> Parameters<Scalar> {
    layout.lowerVariable(of: state).scaled(by: 1 + momentum)
      .adding(layout.lowerVariable(1, of: state), scaledBy: -momentum)
  }

  private struct Linearization: StepLinearization {
    let base: any StepLinearization<Scalar>
    let dynamics: NesterovDynamics
    let next: Parameters<Scalar>

    var bytes: Int { base.bytes + next.bytes }

    /// (p, q) -> ((1 + beta) A' p + q, -beta A' p), with A = I - s f_yy(z).
    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      let layout = dynamics.layout
      let products = base.pullback(layout.lowerVariable(of: p))
      let current = layout.lowerVariable(1, of: p)
        .adding(products.state, scaledBy: 1 + dynamics.momentum)
      return StepProducts(
        state: Parameters(
          current.tensors + products.state.scaled(by: -dynamics.momentum).tensors),
        upper: products.upper)
    }

    func pushforward(
      state: Parameters<Scalar>?, upper: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      let moved = base.pushforward(state: state.map(dynamics.extrapolated), upper: upper)
      let current = state.map { dynamics.layout.lowerVariable(of: $0) } ?? .zeros(like: moved)
      return Parameters(moved.tensors + current.tensors)
    }
  }
}

/// Nesterov's accelerated gradient, for a catalogue.
struct NamedNesterov: NamedDynamics {
  var name: String { "nesterov" }
  var formula: String { "z - s_l f_y(x, z), z = y + beta (y - previous y)" }
  var citation: String { "Nesterov, Soviet Mathematics Doklady 27(2), 1983" }
  var settings: [String] { ["inner.momentum"] }

  func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    NesterovDynamics<Scalar>(
      descent: GradientDescent(stepSize: try settings.checkedLowerStepSize()),
      momentum: try settings.checkedMomentum())
  }
}
