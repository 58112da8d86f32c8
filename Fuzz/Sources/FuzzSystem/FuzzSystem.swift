import FuzzDriver

@_cdecl("FuzzSystem_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.system($0, $1) }
}
