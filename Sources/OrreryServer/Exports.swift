// Types that users of this module name but that these modules declare: settings, transports, the in-memory network.
@_exported public import OrrerySync
@_exported public import OrreryTransport
@_exported public import OrreryWire
