import Foundation

/// JSON in and out, in one place, so that times and names are written alike everywhere.
package enum JSONCoding {
    /// The UTF-8 bytes of a value: times in ISO 8601 with milliseconds, absent values as null.
    package static func encode(_ value: some Encodable, capacity: Int = 1024) throws -> [UInt8] {
        try JSONWriter.bytes(value, capacity: capacity)
    }

    /// Reads a value from JSON that we wrote or fetched ourselves; names that the type does not know are passed over.
    package static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws -> T {
        try JSONValueDecoder(try JSONParser.parse(Array(bytes))).decode(type)
    }

    /// Foundation's encoder with our habits, for APIs that ask for one.
    package static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Timestamp.text(date))
        }
        return encoder
    }

    /// Foundation's decoder with our habits, for APIs that ask for one.
    package static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = Timestamp.parse(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "This is not a time.")
            }
            return date
        }
        return decoder
    }
}
