import OrrerySchema
import Testing

@testable import SolarSystem

@Suite struct CatalogueTests {
    @Test func holdsElevenBodiesInOrder() throws {
        let bodies = try CelestialBody.catalogue()
        #expect(
            bodies.map(\.body.name) == [
                "sun", "mercury", "venus", "earth", "moon", "mars", "jupiter", "saturn", "uranus", "neptune", "pluto",
            ])
        #expect(bodies[3].body.gravitationalParameter == 398600.43623333966)
        #expect(bodies[3].body.radius == 6371)
        #expect(bodies[3].state.velocity.x == -29.784947502523366)
    }

    @Test func theMoonGoesRoundTheEarth() throws {
        let state = try InitialState()
        #expect(state.primaryIndex(ofBody: 0) == nil)
        #expect(state.primaryIndex(ofBody: 4) == 3)
        #expect(state.primaryIndex(ofBody: 10) == 0)
        let orbit = Orbit(primary: .none, state: state.bodies[4].state, about: state.bodies[3].state)
        #expect((356_000...407_000).contains(orbit.distance))
        #expect((0.9...1.1).contains(orbit.speed))
    }

    private static let sun = "sun,1,1,0,0,0,0,0,0\n"

    @Test(arguments: [
        ("name,gm\n", "line 1: the header must be '\(CelestialBody.catalogueHeader)'"),
        ("", "line 1: the header must be '\(CelestialBody.catalogueHeader)'"),
        ("\(CelestialBody.catalogueHeader)\n\(sun)x", "line 3: the last line has no line feed at its end"),
        ("\(CelestialBody.catalogueHeader)\n\(sun)a,1,x,0,0,0,0,0,0\n", "line 3, column 3: 'x' is no finite number"),
        (
            "\(CelestialBody.catalogueHeader)\n\(sun)a,1,1,0,0,inf,0,0,0\n",
            "line 3, column 6: 'inf' is no finite number"
        ),
        ("\(CelestialBody.catalogueHeader)\n\(sun)a,0,1,0,0,0,0,0,0\n", "line 3, column 2: '0' must be above zero"),
        ("\(CelestialBody.catalogueHeader)\n\(sun)a,1,1,0,0,0,0,0\n", "line 3: 9 fields are expected, 8 were found"),
        ("\(CelestialBody.catalogueHeader)\n\(sun)a,1,,0,0,0,0,0,0\n", "line 3, column 3: the field is empty"),
        ("\(CelestialBody.catalogueHeader)\n\n\(sun)", "line 2, column 1: the field is empty"),
        ("\(CelestialBody.catalogueHeader)\n\(sun)\(sun)", "line 3, column 1: 'sun' is listed twice"),
        (
            "\(CelestialBody.catalogueHeader)\n\(sun)moon,1,1,0,0,0,0,0,0\n",
            "line 3, column 1: 'moon' goes round 'earth', which is not listed"
        ),
        (
            "\(CelestialBody.catalogueHeader)\nsun,1,1,0,0,0,0,0,0\r\n",
            "line 2, column 9: quotes and carriage returns are not allowed"
        ),
    ])
    func saysWhatIsWrongAndWhere(text: String, message: String) {
        let error = #expect(throws: CSVError.self) { try CelestialBody.catalogue(Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test func refusesOtherEncodings() {
        let error = #expect(throws: CSVError.self) { try CelestialBody.catalogue([0xFF, 0x0A]) }
        #expect(error?.description == "line 1: the file is not UTF-8")
    }
}
