import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWire

extension SimulationConfiguration {
    /// Entity indexes that the server reserves for itself, at the end of the range that clients accept.
    static let reservedEntityCount = 65_536
    /// Bytes of a message besides its sections or its value.
    private static let messageOverhead = 128

    /// Finds settings that contradict one another, before the first client does.
    /// - Parameter entityCountMax: The capacity of the world.
    /// - Throws: ``ServerError`` that names the settings and their values.
    package func validate(entityCountMax: Int) throws(ServerError) {
        try validateAccess()
        let limits = sync.limits
        let room = limits.messageSizeMax - Self.messageOverhead
        try require(
            limits.partSizeMax <= room, ("sync.limits.partSizeMax", limits.partSizeMax),
            "and \(Self.messageOverhead) bytes more must fit into",
            ("sync.limits.messageSizeMax", limits.messageSizeMax))
        try require(
            limits.valueSizeMax + limits.reasonSizeMax <= room, ("sync.limits.valueSizeMax", limits.valueSizeMax),
            "with sync.limits.reasonSizeMax and \(Self.messageOverhead) bytes more must fit into",
            ("sync.limits.messageSizeMax", limits.messageSizeMax))
        try require(
            limits.schema.fixedSizeMax <= limits.valueSizeMax,
            ("sync.limits.schema.fixedSizeMax", limits.schema.fixedSizeMax), "must not exceed",
            ("sync.limits.valueSizeMax", limits.valueSizeMax))
        try require(
            limits.messageSizeMax <= transport.pendingByteCountMax,
            ("sync.limits.messageSizeMax", limits.messageSizeMax), "must not exceed",
            ("transport.pendingByteCountMax", transport.pendingByteCountMax))
        try require(
            entityCountMax <= Int(limits.entityIndexMax) - Self.reservedEntityCount,
            ("World(entityCountMax:)", entityCountMax),
            "and \(Self.reservedEntityCount) indexes that are the server's own must fit into",
            ("sync.limits.entityIndexMax", limits.entityIndexMax))
        try require(
            limits.entityIndexMax.isMultiple(of: 8), ("sync.limits.entityIndexMax", limits.entityIndexMax),
            "must be a multiple of", ("the rows of a byte", 8))
        try require(
            sync.heartbeatInterval < sync.silenceTimeout, ("sync.heartbeatInterval", sync.heartbeatInterval),
            "must be shorter than", ("sync.silenceTimeout", sync.silenceTimeout))
        try require(
            sync.answerSizeMax <= sync.answersSizeMax, ("sync.answerSizeMax", sync.answerSizeMax), "must not exceed",
            ("sync.answersSizeMax", sync.answersSizeMax))
        try require(
            sync.listedEntityCountMax <= sync.listedEntityCountTotalMax,
            ("sync.listedEntityCountMax", sync.listedEntityCountMax), "must not exceed",
            ("sync.listedEntityCountTotalMax", sync.listedEntityCountTotalMax))
        try require(
            limits.messageSizeMax <= sync.heldSizeMax, ("sync.limits.messageSizeMax", limits.messageSizeMax),
            "must not exceed", ("sync.heldSizeMax", sync.heldSizeMax))
        try require(
            sync.regionLeaveRatio >= 1, ("sync.regionLeaveRatio", sync.regionLeaveRatio), "must not be less than",
            ("the distance at which an entity enters", 1))
        try require(
            sync.regionLeaveRatio <= 2, ("sync.regionLeaveRatio", sync.regionLeaveRatio), "must not exceed",
            ("twice that", 2))
        for (name, value) in [
            ("sync.clientMessageSizeMax", sync.clientMessageSizeMax), ("sync.windowSize", sync.windowSize),
            ("sync.windowTickCount", Int(clamping: sync.windowTickCount)),
            ("sync.evaluationRateMax", sync.evaluationRateMax),
            ("sync.evaluationRateTotalMax", sync.evaluationRateTotalMax),
            ("sync.firstEvaluationRateMax", sync.firstEvaluationRateMax),
            ("sync.statusRowCountMax", sync.statusRowCountMax),
            ("sync.catchUpSizePerTick", sync.catchUpSizePerTick), ("sync.wholeSizeMax", sync.wholeSizeMax),
            ("sync.mutationRateMax", sync.mutationRateMax), ("sync.pendingMutationMax", sync.pendingMutationMax),
            ("sync.requestRateMax", sync.requestRateMax), ("sync.requestWorkRateMax", sync.requestWorkRateMax),
            ("sync.turnWorkMax", sync.turnWorkMax), ("sync.buildWorkRateMax", sync.buildWorkRateMax),
            ("sync.listedEntityCountMax", sync.listedEntityCountMax), ("sync.answerSizeMax", sync.answerSizeMax),
            ("sync.windowRowCountMax", sync.windowRowCountMax),
            ("sync.queryRowCountMax", sync.queryRowCountMax), ("sync.queryAnswerSizeMax", sync.queryAnswerSizeMax),
            ("sync.waitingQueryMax", sync.waitingQueryMax), ("sync.clientCountMax", sync.clientCountMax),
            ("sync.limits.partSizeMax", limits.partSizeMax),
            ("sync.limits.subscriptionCountMax", limits.subscriptionCountMax),
            ("waitingMutationMax", waitingMutationMax), ("mutationWorkRateMax", mutationWorkRateMax),
            ("waitingWorkMax", waitingWorkMax),
        ] {
            try require(value > 0, (name, value), "must be more than", ("nothing", 0))
        }
    }

    private func require(
        _ holds: Bool, _ left: (name: String, value: Any), _ relation: String, _ right: (name: String, value: Any)
    ) throws(ServerError) {
        guard !holds else { return }
        throw ServerError(
            message: "\(left.name), \(left.value), \(relation) \(right.name), \(right.value); change one of them")
    }
}
