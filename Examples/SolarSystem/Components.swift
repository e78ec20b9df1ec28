import OrrerySchema

/// The position: barycentric, along the axes of the ICRF, in km.
struct Position: Component, Equatable {
    var x = 0.0, y = 0.0, z = 0.0

    static var documentation: String? { "Place in the solar system's barycentric frame." }
    static var annotations: [FieldAnnotation<Position>] {
        [
            .init(\.x, unit: "km", "Towards the vernal equinox of J2000."),
            .init(\.y, unit: "km", "In the Earth's equatorial plane, 90 degrees east of x."),
            .init(\.z, unit: "km", "Towards the Earth's north pole of J2000."),
        ]
    }
}

/// The velocity, along the axes of ``Position``, in km/s.
struct Velocity: Component, Equatable {
    var x = 0.0, y = 0.0, z = 0.0

    static var documentation: String? { "Speed along the axes of Position." }
    static var annotations: [FieldAnnotation<Velocity>] {
        [.init(\.x, unit: "km/s"), .init(\.y, unit: "km/s"), .init(\.z, unit: "km/s")]
    }

    var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }
}

/// A body that attracts everything else: the Sun, a planet, the Moon.
struct Body: Component, Codable, Equatable {
    var name = ""
    /// Gravitational constant times mass, in km³/s².
    var gravitationalParameter = 0.0
    /// Volumetric mean radius, in km.
    var radius = 0.0

    static var documentation: String? { "A body with mass." }
    static var annotations: [FieldAnnotation<Body>] {
        [
            .init(\.name, "English name, in lower case."),
            .init(\.gravitationalParameter, unit: "km³/s²", "Gravitational constant times mass."),
            .init(\.radius, unit: "km", "Volumetric mean radius."),
        ]
    }
}

/// The motion around the primary: the Earth for the Moon, otherwise the Sun.
struct Orbit: Component, Equatable {
    var primary = Entity.none
    /// From centre to centre, in km.
    var distance = 0.0
    /// Relative to the primary, in km/s.
    var speed = 0.0

    static var documentation: String? { "Motion relative to the primary." }
    static var annotations: [FieldAnnotation<Orbit>] {
        [
            .init(\.primary, "What it goes round: the Sun, for the Moon the Earth."),
            .init(\.distance, unit: "km", "From centre to centre."),
            .init(\.speed, unit: "km/s", "Relative to the primary."),
        ]
    }
}

extension Orbit {
    /// The motion of a state relative to the state of its primary.
    init(primary: Entity, state: StateVector, about primaryState: StateVector) {
        let relative = state - primaryState
        self.init(
            primary: primary,
            distance: length(relative.position.x, relative.position.y, relative.position.z),
            speed: length(relative.velocity.x, relative.velocity.y, relative.velocity.z))
    }
}

/// The date of everything else: a resource, since there is one for the whole world.
struct Moment: Component, Equatable {
    /// Barycentric dynamical time (TDB), as a Julian date.
    var julianDate = epoch

    /// 2000-01-01 12:00, the date of the initial state.
    static let epoch = 2_451_545.0

    static var documentation: String? { "The date of the simulation." }
    static var annotations: [FieldAnnotation<Moment>] {
        [.init(\.julianDate, unit: "d", "Barycentric dynamical time; 2451545 is 2000-01-01 12:00.")]
    }
}

private func length(_ x: Double, _ y: Double, _ z: Double) -> Double {
    (x * x + y * y + z * z).squareRoot()
}
