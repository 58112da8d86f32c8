import FuzzDriver

@_cdecl("FuzzShape_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.shape($0, $1) }
}
