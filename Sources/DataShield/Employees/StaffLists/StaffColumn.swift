import Foundation
import Scalars

/// What a column of a staff list can say of a person.
enum StaffColumn: Hashable, CaseIterable, Sendable {
    case email, privateEmail
    case firstName, lastName, fullName
    /// "Last name, First name" in one cell.
    case lastThenFirst
    case department, title, vip, mfa, externalId
    /// A word for how somebody stands: Active, Suspended, Terminated.
    case status
    /// Yes where the account may be used.
    case active
    /// Yes where it may not: blocked, deleted, suspended.
    case inactive
    /// The day on which somebody leaves or left.
    case leavingDay
    /// What kind of account it is: member, guest, bot, room.
    case kind
    /// Yes where it is a program's.
    case bot
    /// Yes where it is somebody's of another organisation.
    case guest

    /// The name in messages, which is that of the JSON field where there is one.
    var field: String {
        switch self {
        case .email, .privateEmail: "email"
        case .firstName: "firstName"
        case .lastName: "lastName"
        case .fullName, .lastThenFirst: "name"
        case .department: "department"
        case .title: "title"
        case .vip: "isVip"
        case .mfa: "mfaEnabled"
        case .externalId: "externalId"
        case .status, .active, .inactive, .leavingDay: "isActive"
        case .kind, .bot, .guest: "kind"
        }
    }

    /// Whether a row asks the second best column where the best one is empty. Ids of two systems are never mixed, and a division is no
    /// department.
    var fallsBack: Bool {
        switch self {
        case .email, .privateEmail, .firstName, .lastName, .fullName, .lastThenFirst: true
        case .department, .title, .vip, .mfa, .externalId: false
        case .status, .active, .inactive, .leavingDay, .kind, .bot, .guest: true
        }
    }

    /// What people and programs call it, the likeliest first: where a file has two of them, the earlier one is asked first.
    /// The address is not here: see ``StaffHeading/address(_:)``.
    var synonyms: String {
        switch self {
        case .email, .privateEmail: ""
        case .firstName:
            """
            firstname givenname forename first vorname rufname prenom nombre nome voornaam fname preferredfirstname firstnamepreferred knownas \
            namefirst firstnames givennames
            """
        case .lastName:
            """
            lastname surname familyname last sn nachname familienname zuname nomdefamille nom apellido apellidos cognome achternaam sobrenome \
            lname preferredlastname namelast apellidopaterno
            """
        case .fullName:
            """
            fullname realname name displayname employeename employee cn commonname anzeigename vollername vollstandigername nomcomplet nombrecompleto \
            nomecompleto nomecognome volledigenaam payrollname worker workername legalname preferredname legalfullname formattedname
            """
        case .lastThenFirst:
            """
            lastnamefirstname lastfirst lastnamefirst surnamefirstname surnamegivenname familynamegivenname lastnameandfirstname nachnamevorname \
            namevorname nomprenom nometprenom apellidosnombre apellidosynombre apellidosynombres cognomenome cognomeenome achternaamvoornaam
            """
        case .department:
            """
            department dept departmentname departmentdescription homedepartmentdescription homedepartment abteilung departement departamento \
            dipartimento reparto afdeling afdelingsnaam team teamname division divisionname organizationalunit orgunit ou unit bereich service \
            supervisoryorganization organisationseinheit
            """
        case .title:
            """
            jobtitle title businesstitle jobtitledescription positiontitle position designation job jobname jobrole role funktion stelle \
            stellenbezeichnung berufsbezeichnung titel fonction intituleduposte poste puesto cargo qualifica mansione functie functietitel
            """
        case .vip: "vip isvip executive highprofile"
        case .mfa:
            """
            mfa mfaenabled mfastatus mfaregistered ismfaregistered mfacapable ismfacapable mfaenrolled multifactorauthenticationregistered \
            multifactorauthenticationcapable multifactorauthentication multifactorauthenticationstatus multifactorauthstatus 2fa has2fa 2faenabled \
            2fastatus twofactor twofactorenabled twofactorauthentication isenrolledin2sv 2svenrolled 2svenrollment 2stepverificationenrollment \
            2stepverification twostepverification zweifaktor zweifaktorauthentifizierung
            """
        case .externalId:
            """
            externalid employeeid employeenumber employeeno employeecode empid empno empnumber empcode personnelnumber personnelno personnelid \
            personid personnumber personidexternal staffid staffnumber staffno associateid workerid payrollnumber filenumber badgenumber \
            personalnummer personalnr mitarbeiternummer mitarbeiternr mitarbeiterid matricule numerodemploye numeroempleado numerodeempleado \
            legajo matricola personeelsnummer medewerkernummer matricula objectid userid objectguid immutableid sourceanchor onpremisesimmutableid \
            externaldirectoryobjectid uid id objectsid sid securityidentifier
            """
        case .status:
            """
            status etat employeestatus employmentstatus accountstatus userstatus workerstatus positionstatus lifecyclestatus membershipstatus \
            memberstatus jobstatus assignmentstatus statut estado estatus stato situacao situation beschaftigungsstatus mitarbeiterstatus \
            kontostatus statusmitarbeiter etatducompte dienstverbandstatus signinstatus signinallowed statuspracownika employeestate userstate \
            workstatus accountstate employmentstate empstatus currentstatus terminationstatus statusofemployment
            """
        case .active:
            """
            active isactive activestatus currentlyactive isactiveemployee enabled isenabled accountenabled enabledaccount aktiv istaktiv \
            kontoaktiv kontoaktiviert actif compteactif activo attivo actief ativo isactiveuser activeuser activeemployee activeaccount \
            accountactive accountisactive stillactive employed isemployed currentlyemployed stillemployed aktiverbenutzer aktivermitarbeiter
            """
        case .inactive:
            """
            blockcredential blocksignin signinblocked isblocked blocked disabled isdisabled accountdisabled suspended issuspended archived \
            isarchived deleted isdeleted terminated isterminated inactive isinactive deactivated isdeactivated deprovisioned deactivateddate \
            deactivatedat deletedat deleteddatetime softdeletiontimestamp softdeletedtime gesperrt kontogesperrt deaktiviert bloque suspendido \
            bloccato geblokkeerd accountsuspended accountblocked accountdeactivated accountinactive accountterminated leaver isleaver left hasleft \
            exemployee formeremployee resigned departed offboarded inaktiv kontodeaktiviert kontoinaktiv ausgeschieden inactif desactive \
            comptedesactive inactivo desactivado inattivo disattivato inactief inativo
            """
        case .leavingDay:
            """
            terminationdate datetermination enddate employmentenddate leavingdate leavedate dateofleaving lastworkingday lastworkingdate lastdayofwork \
            lastday dateofexit exitdate separationdate terminatedat terminatedon austrittsdatum austritt datedesortie datedefin fechadebaja fechabaja datacessazione \
            datumuitdienst uitdienstdatum lastdayworked lastdateworked lastworkday lastdayatwork lastdayofemployment lastemploymentday termdate termdt \
            dateterminated terminationeffectivedate effectiveterminationdate dateleft leftdate employmenttodate dateendemployment \
            letzterarbeitstag letzterarbeitstagam austrittam ausgeschiedenam beschaftigungsende dernierjour dernierjourtravaille ultimodia ultimogiorno
            """
        case .kind:
            """
            usertype accounttype membertype persontype employeetype workertype recipienttypedetails recipienttype mailboxtype objectclass \
            objecttype type resourcetype membershiptype benutzertyp kontotyp typedecompte tipodeusuario addresstype emailtype
            """
        case .bot: "isbot bot isappuser isserviceaccount isroom"
        case .guest: "isguest isrestricted isultrarestricted"
        }
    }
}
