// The settings that a user of this module sets are declared there; the rest of those modules is for this package.
@_exported public import OrrerySync
@_exported public import OrreryTransport
@_exported public import OrreryWire
