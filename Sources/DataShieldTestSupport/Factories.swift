import DataShield
import Foundation
import Postgres

/// Rows for tests, where everything has a sensible default. They are plain INSERTs: a test of one capability needs no other.
extension TestDatabase {
    /// A company with a domain that no other has.
    package func makeCompany(name: String = "Acme", domain: String? = nil) async throws -> CompanyID {
        let id = CompanyID()
        let domain = domain ?? "\(id.rawValue.suffix(12)).example"
        try await system.execute("INSERT INTO companies (id, name, domain) VALUES (\(id), \(name), \(domain))")
        return id
    }

    /// A user who cannot sign in, unless a hashed password is given.
    package func makeUser(
        in company: CompanyID, email: String? = nil, role: Role = .viewer, name: String = "Ute User", hashedPassword: String = "!"
    ) async throws -> UserID {
        let id = UserID()
        let email = email ?? "\(id.rawValue.suffix(12))@users.example"
        try await tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO users (id, company_id, email, name, hashed_password, role)
                VALUES (\(id), \(company), \(email), \(name), \(hashedPassword), \(role))
                """)
        }
        return id
    }

    /// A connection to a directory, without a configuration that could be opened.
    /// - Parameter tokenHash: of a SCIM connection's token.
    package func makeDirectoryConnection(
        in company: CompanyID, type: DirectoryType = .scim, name: String = "Directory", tokenHash: [UInt8]? = nil
    ) async throws -> DirectoryConnectionID {
        let id = DirectoryConnectionID()
        try await tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO directory_connections (id, company_id, type, name, encrypted_config, bearer_token_hash)
                VALUES (\(id), \(company), \(type), \(name), \([UInt8]()), \(tokenHash))
                """)
        }
        return id
    }

    package func makeEmployee(
        in company: CompanyID, email: String? = nil, firstName: String = "Erika", lastName: String = "Mustermann",
        department: String? = "Engineering", mfaEnabled: Bool? = nil, at date: Date = Date()
    ) async throws -> EmployeeID {
        let id = EmployeeID(at: date)
        let email = email ?? "\(id.rawValue.suffix(12))@people.example"
        try await tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO employees (id, company_id, email, first_name, last_name, department, mfa_enabled, created_at)
                VALUES (\(id), \(company), \(email), \(firstName), \(lastName), \(department), \(mfaEnabled), \(date))
                """)
        }
        return id
    }

    /// A breach of the catalogue, which all companies share, or of a company's own.
    package func makeBreach(
        of company: CompanyID? = nil, name: String? = nil, source: BreachSource = .hibp, date: Date? = nil,
        dataTypes: [String] = ["email", "password"]
    ) async throws -> BreachID {
        let id = BreachID()
        let name = name ?? "Breach\(id.rawValue.suffix(12))"
        let key = name.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        try await system.execute(
            """
            INSERT INTO breaches (id, company_id, name, canonical_key, title, source, breach_date, data_types)
            VALUES (\(id), \(company), \(name), \(key), \(name), \(source), \(date), \(dataTypes))
            """)
        return id
    }

    package func makeBreachRecord(
        in company: CompanyID, employee: EmployeeID, breach: BreachID, exposedData: [String] = ["email", "password"],
        artifacts: [ArtifactKind] = [], detectedAt: Date = Date(), sources: [ApiProvider] = [.hibp]
    ) async throws -> BreachRecordID {
        let id = BreachRecordID()
        try await tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, artifacts, detected_at, sources)
                VALUES (\(id), \(company), \(employee), \(breach), \(exposedData), \(artifacts), \(detectedAt), \(sources))
                """)
        }
        return id
    }

    package func makeAlert(
        in company: CompanyID, severity: Severity = .high, status: AlertStatus = .open, message: String = "Somebody was exposed",
        confidence: AlertConfidence = .high, employee: EmployeeID? = nil, breach: BreachID? = nil, createdAt: Date = Date()
    ) async throws -> AlertID {
        let id = AlertID(at: createdAt)
        let acknowledged = status == .open ? nil : createdAt
        let resolved = status == .resolved ? createdAt : nil
        try await tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO alerts (id, company_id, severity, status, message, confidence, employee_id, breach_id, created_at,
                                    acknowledged_at, resolved_at)
                VALUES (\(id), \(company), \(severity), \(status), \(message), \(confidence), \(employee), \(breach), \(createdAt),
                        \(acknowledged), \(resolved))
                """)
        }
        return id
    }
}
