/// Where a breach is known from.
package enum BreachSource: String, NativeEnum {
    case hibp = "HIBP"
    case manual = "MANUAL"
    case darkWeb = "DARK_WEB"
    case stealerLog = "STEALER_LOG"
}

/// The breach-intelligence services.
package enum ApiProvider: String, NativeEnum {
    case hibp = "HIBP"
    case hibpStealer = "HIBP_STEALER"
    case dehashed = "DEHASHED"
    case leakcheck = "LEAKCHECK"
    case intelx = "INTELX"
    case snusbase = "SNUSBASE"
}

/// What beyond data a stealer took.
package enum ArtifactKind: String, NativeEnum {
    case password = "PASSWORD"
    case cookie = "COOKIE"
    case token = "TOKEN"
    case autofill = "AUTOFILL"
}
