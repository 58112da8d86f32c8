import Foundation
import Postgres

/// What the first page asks of the database.
enum TodayQueries {
    static func previousVisit(of subject: Subject) -> SQL {
        "SELECT previous_login_at FROM users WHERE company_id = \(subject.company) AND id = \(subject.user)"
    }

    /// People and machines are counted up to a limit: each page asks.
    static func counts(of company: CompanyID, upTo limit: Int) -> SQL {
        """
        SELECT
            (SELECT count(DISTINCT employee_id) FROM (
                SELECT a.employee_id FROM alerts a
                WHERE a.company_id = \(company) AND a.status <> 'RESOLVED' AND a.urgency >= 3000 AND a.employee_id IS NOT NULL \(SQL.limit(limit))) live),
            (SELECT coalesce(sum(count), 0)::bigint FROM alert_state_counts WHERE company_id = \(company) AND status = 'OPEN'),
            (SELECT count(*) FROM (
                SELECT FROM infected_machines m WHERE m.company_id = \(company) AND \(MachineQueries.hasOpenAlert) \(SQL.limit(limit))) open)
        """
    }

    /// People by the worst of what is live about them.
    static func livePeople(of company: CompanyID) -> SQL {
        """
        SELECT count(*) FILTER (WHERE worst >= 3000), count(*) FILTER (WHERE worst < 3000)
        FROM (
            SELECT max(a.urgency) AS worst FROM alerts a
            WHERE a.company_id = \(company) AND a.status <> 'RESOLVED' AND a.state = 'LIVE' AND a.employee_id IS NOT NULL
            GROUP BY a.employee_id
        ) people
        """
    }

    /// The first people in the order of work who have to act now or today: from each the way leads to the first alert about somebody else.
    static func actFirst(of company: CompanyID, limit: Int) -> SQL {
        func next(_ condition: SQL) -> SQL {
            """
            SELECT a.id, a.employee_id FROM alerts a
            WHERE a.company_id = \(company) AND a.status <> 'RESOLVED' AND a.urgency >= 2000 AND a.employee_id IS NOT NULL \(condition)
            ORDER BY \(AlertOrder.urgency.columns) LIMIT 1
            """
        }
        return """
            WITH RECURSIVE first AS (
                SELECT n.id, ARRAY[n.employee_id::text] AS seen, 1 AS place FROM (\(next(""))) n
                UNION ALL
                SELECT n.id, f.seen || n.employee_id::text, f.place + 1
                FROM first f CROSS JOIN LATERAL (\(next("AND a.employee_id <> ALL (f.seen)"))) n
                WHERE f.place < \(limit)
            )
            SELECT a.id, a.employee_id, a.employee_name, a.department, a.urgency, e.title, e.is_vip, e.mfa_enabled, a.breach_title,
                r.malware_family, \(ExposureLiveness.columns)
            FROM first f
            JOIN alerts a ON a.company_id = \(company) AND a.id = f.id
            JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id
            JOIN breaches b ON b.id = a.breach_id
            JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
            ORDER BY f.place
            """
    }

    static func findings(of company: CompanyID) -> SQL {
        """
        SELECT state::text, sum(count)::bigint FROM alert_state_counts
        WHERE company_id = \(company) AND status <> 'RESOLVED' AND count > 0 GROUP BY state
        """
    }

    /// What was found neutralised from the beginning took no time: it is in the count, and in no median.
    static func happened(in company: CompanyID, since: Date, now: Date) -> SQL {
        """
        SELECT
            (SELECT count(*) FROM alerts a
                WHERE a.company_id = \(company) AND a.state = 'LIVE' AND a.told_at >= \(since) AND a.status <> 'RESOLVED'),
            (SELECT count(*) FROM alerts a
                WHERE a.company_id = \(company) AND a.status = 'RESOLVED' AND a.resolved_at >= \(since) AND a.resolved_as_neutralised),
            (SELECT count(*) FROM alerts a
                WHERE a.company_id = \(company) AND a.told_at >= \(since) AND a.came_back_at >= \(since) AND a.status <> 'RESOLVED'),
            (SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)))::bigint FROM (
                SELECT a.resolved_at - a.created_at AS took FROM alerts a
                WHERE a.company_id = \(company) AND a.status = 'RESOLVED' AND a.resolved_as_neutralised
                    AND a.resolved_at >= \(now.addingTimeInterval(-90 * 86_400)) AND a.resolved_at > a.created_at + interval '1 minute'
                ORDER BY a.resolved_at DESC LIMIT 2000) latest)
        """
    }

    static func machines(of company: CompanyID, limit: Int) -> SQL {
        """
        SELECT m.id, m.malware_family, m.captured_at,
            ARRAY(SELECT DISTINCT a.employee_name FROM alerts a
                WHERE a.company_id = m.company_id AND a.breach_id = m.breach_id AND a.status <> 'RESOLVED' AND a.employee_id IS NOT NULL
                ORDER BY 1 LIMIT 4)
        FROM infected_machines m
        WHERE m.company_id = \(company) AND \(MachineQueries.hasOpenAlert)
        ORDER BY m.captured_at DESC NULLS LAST, m.id DESC \(SQL.limit(limit))
        """
    }

    static func machineCount(of company: CompanyID) -> SQL {
        "SELECT count(*) FROM infected_machines m WHERE m.company_id = \(company) AND \(MachineQueries.hasOpenAlert)"
    }

    static func blind(of company: CompanyID) -> SQL {
        """
        SELECT
            (SELECT count(*) FROM employees e WHERE e.company_id = \(company) AND NOT e.is_asked AND e.deactivated_at IS NULL),
            (SELECT count(*) FROM employees e WHERE e.company_id = \(company) AND e.source_connection_id IS NULL AND e.deactivated_at IS NULL),
            (SELECT count(*) FROM api_credentials WHERE company_id = \(company)),
            (SELECT count(*) FROM api_credentials WHERE company_id = \(company) AND status = 'ERROR'),
            (SELECT count(*) FROM directory_connections WHERE company_id = \(company) AND status = 'ERROR'),
            c.scan_interval_minutes IS NULL, c.last_scan_at
        FROM companies c WHERE c.id = \(company)
        """
    }
}
