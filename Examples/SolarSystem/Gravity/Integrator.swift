/// Divides time into steps, and a step into drifts and kicks.
///
/// The scheme is PEFRL (position-extended Forest-Ruth-like), symplectic and of fourth order: drift, kick, drift, kick,
/// drift, kick, drift, kick, drift, with a palindrome of weights. Its error is about 1/26 of Forest and Ruth's own for
/// four instead of three evaluations of the force. Source: Omelyan, Mryglod, Folk, "Optimized Forest-Ruth- and
/// Suzuki-like algorithms", Computer Physics Communications 146 (2002), page 188.
struct Integrator: Equatable, Sendable {
    /// Evaluations of the force in a step.
    static let stageCount = 4

    /// The longest step, unless requested otherwise: one tick at 60 Hz when a day passes per second.
    ///
    /// After 365 days, the worst body, the Moon, is 2 m from its position with steps of 150 s. With steps of 3600 s it
    /// is 6 m away, with steps of 14,400 s 1.2 km.
    static let stepSecondsMax = 1440.0

    private static let xi = 0.178_617_895_844_809_1
    private static let lambda = -0.212_341_831_062_605_4
    private static let chi = -0.066_264_582_669_818_49

    /// Weight of the drift before each kick, and of the one after the last.
    static let driftWeights = [xi, chi, 1 - 2 * (chi + xi), chi, xi]
    /// Weight of each kick.
    static let kickWeights = [(1 - 2 * lambda) / 2, lambda, lambda, (1 - 2 * lambda) / 2]

    /// The number of steps in a span of time.
    let stepCount: Int
    /// The length of each step, in seconds; negative when time runs backwards.
    let stepSeconds: Double
    /// The length of the drift before each kick and after the last, in seconds.
    let drifts: [Double]
    /// The length of each kick, in seconds.
    let kicks: [Double]

    /// Divides a span of time into the fewest equal steps that are not longer than allowed.
    /// - Parameter seconds: may be negative: time then runs backwards.
    /// - Precondition: `seconds` is finite and `stepSecondsMax` is above zero.
    init(seconds: Double, stepSecondsMax: Double = Integrator.stepSecondsMax) {
        precondition(seconds.isFinite && stepSecondsMax > 0, "time and step must be finite, the step above zero")
        stepCount = Int((seconds.magnitude / stepSecondsMax).rounded(.up))
        let step = stepCount == 0 ? 0 : seconds / Double(stepCount)
        stepSeconds = step
        drifts = Integrator.driftWeights.map { $0 * step }
        kicks = Integrator.kickWeights.map { $0 * step }
    }
}
