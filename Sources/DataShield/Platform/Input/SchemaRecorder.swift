import Foundation

/// A decoder that has nothing to decode: it gives every type the simplest value it asks for and writes down the question. So the
/// schema of a body is its `Decodable` type, and the two cannot drift apart.
struct SchemaRecorder: Decoder {
    /// What was written down about one value.
    final class Record {
        var schema: Schema = .any
    }

    let name: String
    let record: Record
    /// The types that are being recorded: one that contains itself becomes a reference.
    let within: [ObjectIdentifier]
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// The schema of a type.
    static func record(_ type: any Decodable.Type, within: [ObjectIdentifier]) -> Schema {
        if let described = type as? any SchemaDescribed.Type { return described.schema }
        if let nesting = type as? any SchemaNesting.Type { return nesting.schema { record($0, within: within) } }
        if let words = Self.caseWords(type) { return .words(words) }
        if type == Date.self { return .string(format: "date-time") }
        if type == URL.self { return .string(format: "uri") }
        if type == Decimal.self { return .number }
        guard !within.contains(ObjectIdentifier(type)) else { return .reference(Schema.name(of: type)) }
        let recorder = SchemaRecorder(name: Schema.name(of: type), record: Record(), within: within + [ObjectIdentifier(type)])
        // try?: a type that refuses the empty value has told what it asked for before it refused.
        _ = try? type.init(from: recorder)
        return recorder.record.schema.bounded(by: type)
    }

    private static func caseWords(_ type: any Decodable.Type) -> [String]? {
        func words<Words: CaseIterable>(_ type: Words.Type) -> [String]? {
            let words = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return words.isEmpty ? nil : words
        }
        guard let type = type as? any CaseIterable.Type else { return nil }
        return words(type)
    }

    /// A value of a type for the recording to go on with.
    fileprivate static func sample<T: Decodable>(_ type: T.Type, within: [ObjectIdentifier]) throws -> T {
        if let first = firstCase(type) { return first }
        if let date = Date(timeIntervalSince1970: 0) as? T { return date }
        if let id = (type as? any SampleProviding.Type)?.sample as? T { return id }
        guard !within.contains(ObjectIdentifier(type)) else { throw Stop() }
        return try type.init(from: SchemaRecorder(name: "", record: Record(), within: within + [ObjectIdentifier(type)]))
    }

    private static func firstCase<T>(_ type: T.Type) -> T? {
        func first<Words: CaseIterable>(_ type: Words.Type) -> Any? { type.allCases.first }
        guard let type = type as? any CaseIterable.Type else { return nil }
        return first(type) as? T
    }

    /// Ends the recording of a value that cannot be made: what was asked for up to there is known.
    fileprivate struct Stop: Error {}

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        // A type may ask twice: whose fields are those of a part, and more.
        if case .object = record.schema {} else { record.schema = .object(name: name, []) }
        return KeyedDecodingContainer(RecordedMembers<Key>(recorder: self))
    }
    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        record.schema = .array(.any)
        return RecordedItems(recorder: self)
    }
    func singleValueContainer() -> any SingleValueDecodingContainer { RecordedValue(recorder: self) }
}

/// A type whose `init(from:)` refuses the recorder's empty values says what to go on with.
package protocol SampleProviding {
    static var sample: Self { get }
}
extension Identifier: SampleProviding {
    package static var sample: Self { Self() }
}

private struct RecordedMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: SchemaRecorder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }
    func contains(_ key: Key) -> Bool { true }

    private func add(_ key: Key, _ schema: Schema, optional: Bool) {
        guard case .object(let name, var properties) = recorder.record.schema, !properties.contains(where: { $0.name == key.stringValue }) else {
            return
        }
        properties.append(.init(name: key.stringValue, schema: schema, isRequired: !optional, isNullable: optional))
        recorder.record.schema = .object(name: name, properties)
    }

    func decodeNil(forKey key: Key) -> Bool { false }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        add(key, SchemaRecorder.record(type, within: recorder.within), optional: false)
        return try SchemaRecorder.sample(type, within: recorder.within)
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) -> T? {
        add(key, SchemaRecorder.record(type, within: recorder.within), optional: true)
        return nil
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) -> String? {
        add(key, .string(format: nil), optional: true)
        return nil
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) -> Int? {
        add(key, .integer(nil), optional: true)
        return nil
    }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) -> Bool? {
        add(key, .boolean, optional: true)
        return nil
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) -> Double? {
        add(key, .number, optional: true)
        return nil
    }
    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedDecodingContainer<Nested> {
        add(key, .map(.any), optional: false)
        return SchemaRecorder(name: "", record: .init(), within: recorder.within).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
        add(key, .array(.any), optional: false)
        return SchemaRecorder(name: "", record: .init(), within: recorder.within).unkeyedContainer()
    }
    func superDecoder() -> any Decoder { recorder }
    func superDecoder(forKey key: Key) -> any Decoder { SchemaRecorder(name: "", record: .init(), within: recorder.within) }
}

private struct RecordedItems: UnkeyedDecodingContainer {
    let recorder: SchemaRecorder
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 0 }
    var isAtEnd: Bool { true }
    var currentIndex: Int { 0 }
    init(recorder: SchemaRecorder) { self.recorder = recorder }

    mutating func decodeNil() -> Bool { false }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        recorder.record.schema = .array(SchemaRecorder.record(type, within: recorder.within))
        return try SchemaRecorder.sample(type, within: recorder.within)
    }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedDecodingContainer<Nested> {
        SchemaRecorder(name: "", record: .init(), within: recorder.within).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
        SchemaRecorder(name: "", record: .init(), within: recorder.within).unkeyedContainer()
    }
    mutating func superDecoder() -> any Decoder { SchemaRecorder(name: "", record: .init(), within: recorder.within) }
}

private struct RecordedValue: SingleValueDecodingContainer {
    let recorder: SchemaRecorder
    var codingPath: [any CodingKey] { [] }

    private func note<T>(_ schema: Schema, _ sample: T) -> T {
        recorder.record.schema = schema
        return sample
    }
    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) -> Bool { note(.boolean, false) }
    func decode(_ type: String.Type) -> String { note(.string(format: nil), "") }
    func decode(_ type: Double.Type) -> Double { note(.number, 0) }
    func decode(_ type: Float.Type) -> Float { note(.number, 0) }
    func decode(_ type: Int.Type) -> Int { note(.integer(nil), 0) }
    func decode(_ type: Int8.Type) -> Int8 { note(.integer(-128...127), 0) }
    func decode(_ type: Int16.Type) -> Int16 { note(.integer(Int(Int16.min)...Int(Int16.max)), 0) }
    func decode(_ type: Int32.Type) -> Int32 { note(.integer(Int(Int32.min)...Int(Int32.max)), 0) }
    func decode(_ type: Int64.Type) -> Int64 { note(.integer(nil), 0) }
    func decode(_ type: UInt.Type) -> UInt { note(.integer(0...Int.max), 0) }
    func decode(_ type: UInt8.Type) -> UInt8 { note(.integer(0...255), 0) }
    func decode(_ type: UInt16.Type) -> UInt16 { note(.integer(0...65_535), 0) }
    func decode(_ type: UInt32.Type) -> UInt32 { note(.integer(0...Int(UInt32.max)), 0) }
    func decode(_ type: UInt64.Type) -> UInt64 { note(.integer(0...Int.max), 0) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        recorder.record.schema = SchemaRecorder.record(type, within: recorder.within)
        return try SchemaRecorder.sample(type, within: recorder.within)
    }
}
