// Types that users of this module need and that these modules declare: settings, transports, and the in-memory network.
@_exported public import OrreryQuery
@_exported public import OrrerySync
@_exported public import OrreryTransport
@_exported public import OrreryWire
