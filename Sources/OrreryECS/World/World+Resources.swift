package import OrrerySchema

extension World {
    /// Stores one value of a type in the world, such as settings, clocks or indexes. It replaces an earlier value.
    /// - Complexity: O(1).
    public func insertResource<Resource>(_ resource: Resource) {
        resources[ObjectIdentifier(Resource.self)] = ResourceBox(resource, stamp: storage.pointee.stamp)
    }

    /// The resource of a type; `nil` if there is none.
    /// - Complexity: O(1).
    public func resource<Resource>(_ type: Resource.Type) -> Resource? {
        box(type)?.value
    }

    /// Changes the resource of a type in place. The closure may use other resources and the whole world.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `resourceMissing`.
    public func withResource<Resource, Result>(
        _ type: Resource.Type, _ body: (inout Resource) -> Result
    ) throws(WorldError) -> Result {
        guard let box = box(type) else { throw .resourceMissing(String(describing: type)) }
        box.stamp = storage.pointee.stamp
        return body(&box.value)
    }

    /// Removes a resource.
    /// - Returns: The removed value; `nil` if there was none.
    @discardableResult
    public func removeResource<Resource>(_ type: Resource.Type) -> Resource? {
        defer { resources[ObjectIdentifier(type)] = nil }
        return box(type)?.value
    }

    /// The resource of a type, to read and change in place; `nil` if there is none.
    /// - Complexity: O(1).
    public func resourceAccessor<Resource>(_ type: Resource.Type) -> ResourceAccessor<Resource>? {
        box(type).map { ResourceAccessor(box: $0, world: self) }
    }

    /// The resource of a type, which is inserted if there is none.
    func resourceAccessor<Resource>(default make: () -> Resource) -> ResourceAccessor<Resource> {
        if let known = resourceAccessor(Resource.self) { return known }
        let box = ResourceBox(make(), stamp: storage.pointee.stamp)
        resources[ObjectIdentifier(Resource.self)] = box
        return ResourceAccessor(box: box, world: self)
    }

    /// When a resource was last inserted or changed.
    func resourceStamp<Resource>(_ type: Resource.Type) -> UInt64? { box(type)?.stamp }

    /// Begins to log a resource. The next drain reports its value, if there is one.
    /// - Returns: The number of its type among the components of the world, by which the log names it.
    /// - Precondition: The type is not tracked as a component of entities.
    package func track<C: Component>(resource type: C.Type) -> ComponentID {
        let component = register(type)
        precondition(
            !storage.pointee.components[component.index].isTracked,
            "\(C.componentName) is logged as a component of entities")
        let tracked = TrackedResource(component: component) { world, stamp, changes in
            guard let box = world.box(type) else { return false }
            if box.stamp > stamp { withUnsafePointer(to: box.value) { changes().append(.resource, copying: $0) } }
            return true
        }
        trackedResources.append(tracked)
        return component
    }

    private func box<Resource>(_ type: Resource.Type) -> ResourceBox<Resource>? {
        resources[ObjectIdentifier(type)] as? ResourceBox<Resource>
    }
}

/// One resource of a world, to read and change in place.
///
/// ```swift
/// score.value.points += hits.count
/// ```
/// The accessor is valid while its system runs. It does not follow a resource that is inserted again: that is a new
/// one.
public struct ResourceAccessor<Resource> {
    fileprivate let box: ResourceBox<Resource>
    /// Kept alive.
    fileprivate let world: World

    /// The value. Writing it counts as a change (``RunCondition/changed(_:)``).
    public var value: Resource {
        get { box.value }
        nonmutating _modify {
            box.stamp = world.storage.pointee.stamp
            yield &box.value
        }
    }
}

/// Belongs to the thread of its world.
@available(*, unavailable)
extension ResourceAccessor: Sendable {}

/// A resource whose changes are logged.
struct TrackedResource {
    let component: ComponentID
    /// Adds the value to the changes if it was written after a stamp.
    ///
    /// Returns whether there is one.
    let drain: (_ world: World, _ stamp: UInt64, _ changes: () -> ColumnChanges) -> Bool
    /// Whether the previous drain found a value; `nil` before the first.
    var wasThere: Bool?
}

/// A place for one resource, so that it can be changed in place.
private final class ResourceBox<Resource> {
    var value: Resource
    var stamp: UInt64

    init(_ value: Resource, stamp: UInt64) {
        self.value = value
        self.stamp = stamp
    }
}
