import CLibLDAP
import Glibc

/// Replacements as libldap takes them: arrays of pointers that end with a null.
final class Modifications {
    private var modifications: [UnsafeMutablePointer<LDAPMod>] = []
    /// All else that was allocated.
    private var memory: [UnsafeMutableRawPointer] = []

    init(_ replacements: [String: [[UInt8]]]) {
        for (attribute, values) in replacements.sorted(by: { $0.key < $1.key }) {
            let list = allocate(UnsafeMutablePointer<berval>?.self, values.count + 1)
            for (index, bytes) in values.enumerated() {
                let value = allocate(berval.self, 1)
                value.initialize(to: berval(bv_len: ber_len_t(bytes.count), bv_val: copy(bytes)))
                (list + index).initialize(to: value)
            }
            (list + values.count).initialize(to: nil)
            let modification = allocate(LDAPMod.self, 1)
            modification.initialize(to: LDAPMod())
            modification.pointee.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES
            modification.pointee.mod_type = copy(Array(attribute.utf8))
            modification.pointee.mod_vals.modv_bvals = list
            modifications.append(modification)
        }
    }

    deinit {
        for pointer in memory { pointer.deallocate() }
    }

    private func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: count)
        memory.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }

    /// A copy with a NUL behind it.
    private func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
        let pointer = allocate(CChar.self, bytes.count + 1)
        for (index, byte) in bytes.enumerated() { (pointer + index).initialize(to: CChar(bitPattern: byte)) }
        (pointer + bytes.count).initialize(to: 0)
        return pointer
    }

    func withPointer(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPMod>?>) -> Int32) -> Int32 {
        var list: [UnsafeMutablePointer<LDAPMod>?] = modifications
        list.append(nil)
        return list.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return LDAP_PARAM_ERROR }
            return withExtendedLifetime(self) { body(start) }
        }
    }
}

/// Texts as libldap takes them: an array of C strings that ends with a null.
final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) {
        pointers = texts.map { strdup($0) }
        pointers.append(nil)
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
