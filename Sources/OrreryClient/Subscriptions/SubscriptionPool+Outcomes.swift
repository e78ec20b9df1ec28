import OrrerySchema
import OrrerySync

extension SubscriptionPool {
    struct InterestID: NumberedID {
        let rawValue: UInt64

        init(_ rawValue: UInt64) {
            self.rawValue = rawValue
        }
    }

    /// The outcome of an interest.
    enum Outcome {
        /// The first state of everything it asks for is in the store.
        case started(Subscription.Fate)
        /// The interest has ended: refused, or what it asks for is gone.
        case ended(Subscription.Fate, ClientError)
    }

    /// What to tell after a step: the outcomes of interests, and the events of the core.
    struct Outcomes {
        var list: [Outcome] = []
        var events: [ClientEvent] = []
    }
}
