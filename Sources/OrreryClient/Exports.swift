// What a user of this module names and these declare: settings, transports, and the network in memory.
@_exported public import OrrerySync
@_exported public import OrreryTransport
@_exported public import OrreryWire
