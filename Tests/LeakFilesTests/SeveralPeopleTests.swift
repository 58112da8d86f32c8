import Testing

@testable import LeakFiles

/// Rows, lines, blocks and objects with several people in them: each has their own password, or it is not known; nobody another's.
@Suite struct SeveralPeopleTests {
    /// What may be said of one person: a secret, none (`nil`), or that it is not known.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var person: String
        var allowed: [String?]
        var testDescription: String { "\(name) \(person)" }
    }

    private static let unread = "?"

    static let columns: [Case] = [
        Case(
            name: "spouse-md5.csv",
            text: "email,password_md5,spouse_email,spouse_password_md5\n"
                + "sam@example.net,5f4dcc3b5aa765d61d8327deb882cf99,kim@ac"
                + "me.example,e10adc3949ba59abbe56e057f20f883e\n",
            person: "sam@example.net", allowed: ["5f4dcc3b5aa765d61d8327deb882cf99", unread]),
        Case(
            name: "spouse-md5.csv",
            text: "email,password_md5,spouse_email,spouse_password_md5\n"
                + "sam@example.net,5f4dcc3b5aa765d61d8327deb882cf99,kim@ac"
                + "me.example,e10adc3949ba59abbe56e057f20f883e\n",
            person: "kim@acme.example", allowed: ["e10adc3949ba59abbe56e057f20f883e", unread]),
        Case(
            name: "spouse-plain.csv",
            text: "email,plain_password,spouse_email,spouse_plain_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "spouse-plain.csv",
            text: "email,plain_password,spouse_email,spouse_plain_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "buyer-seller.csv",
            text: "buyer_email,buyer_pwd,seller_email,seller_pwd\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "buyer-seller.csv",
            text: "buyer_email,buyer_pwd,seller_email,seller_pwd\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "buyer-seller-key.csv",
            text: "id,buyer_mail,buyer_userpwd,seller_mail,seller_userpwd\n"
                + "1,sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "buyer-seller-key.csv",
            text: "id,buyer_mail,buyer_userpwd,seller_mail,seller_userpwd\n"
                + "1,sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "wp-two.csv",
            text: "user_email,user_pass,admin_email,admin_pass\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "wp-two.csv",
            text: "user_email,user_pass,admin_email,admin_pass\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "e1e2-pw-hash.csv",
            text: "id,email1,email2,password,password_hash\n1,sam@example.net,kim@acme.example,Hunter2!xq,5f4dcc3b5"
                + "aa765d61d8327deb882cf99\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "e1e2-pw-hash.csv",
            text: "id,email1,email2,password,password_hash\n1,sam@example.net,kim@acme.example,Hunter2!xq,5f4dcc3b5"
                + "aa765d61d8327deb882cf99\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-parent.csv",
            text: "email,parent_email,parent_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-parent.csv",
            text: "email,parent_email,parent_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-parent-empty.csv",
            text: "email,password,parent_email,parent_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-parent-empty.csv",
            text: "email,password,parent_email,parent_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-spouse-empty.csv",
            text: "email,password,spouse_email,spouse_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-spouse-empty.csv",
            text: "email,password,spouse_email,spouse_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-approver.csv",
            text: "email,approver,approver_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-approver.csv",
            text: "email,approver,approver_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-pwonly.csv",
            text: "tenant_email,landlord_email,landlord_password\n"
                + "sam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly.csv",
            text: "tenant_email,landlord_email,landlord_password\n"
                + "sam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-pwonly-md5.csv",
            text: "tenant_email,landlord_email,landlord_md5\nsam@example.net,kim@acme.example,e10adc3949ba59abbe56e0"
                + "57f20f883e\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly-md5.csv",
            text: "tenant_email,landlord_email,landlord_md5\nsam@example.net,kim@acme.example,e10adc3949ba59abbe56e0"
                + "57f20f883e\n",
            person: "kim@acme.example", allowed: ["e10adc3949ba59abbe56e057f20f883e", unread]),
        Case(
            name: "z-cols-pwonly2.csv",
            text: "email,support_email,support_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly2.csv",
            text: "email,support_email,support_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-adm.csv",
            text: "AdminEmail,AdminPassword,UserEmail,UserPassword\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-adm.csv",
            text: "AdminEmail,AdminPassword,UserEmail,UserPassword\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-de.csv",
            text: "E-Mail;Kennwort;E-Mail Partner;Kennwort Partner\n"
                + "sam@example.net;Hunter2!xq;kim@acme.example;Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-de.csv",
            text: "E-Mail;Kennwort;E-Mail Partner;Kennwort Partner\n"
                + "sam@example.net;Hunter2!xq;kim@acme.example;Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-loginhash.csv",
            text: "email,user_pass,email2,user_pass2\nsam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-loginhash.csv",
            text: "email,user_pass,email2,user_pass2\nsam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-primary.csv",
            text: "primary_email,secondary_email,password\nsam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-primary.csv",
            text: "primary_email,secondary_email,password\nsam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "manager.csv",
            text: "email,password,manager_email,manager_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "manager.csv",
            text: "email,password,manager_email,manager_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
    ]

    static let lines: [Case] = [
        Case(
            name: "cc-twocred.txt",
            text: "sam@example.net:Hunter2!xq kim@acme.example:Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "cc-twocred.txt",
            text: "sam@example.net:Hunter2!xq kim@acme.example:Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "two-in-line.txt",
            text: "sam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "sam@example.net", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "two-in-line.txt",
            text: "sam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "kim@acme.example", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "comb.txt",
            text: "sam@example.net\u{301}:Hunter2!xq\nkim@acme.example:\u{301}Gr8-tulip7\n",
            person: "sam@example.net", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "comb.txt",
            text: "sam@example.net\u{301}:Hunter2!xq\nkim@acme.example:\u{301}Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["\u{301}Gr8-tulip7", unread]),
    ]

    static let blocks: [Case] = [
        Case(
            name: "block-two-logins.txt",
            text: "Login: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\nPassword: Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "block-two-logins.txt",
            text: "Login: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\nPassword: Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "block-pw-first.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\n\nPassword: Gr8-tulip7\nEmail: kim@acme.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "block-pw-first.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\n\nPassword: Gr8-tulip7\nEmail: kim@acme.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "block-pw-first-nogap.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\nPassword: Gr8-tulip7\nEmail: kim@acme.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "block-pw-first-nogap.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\nPassword: Gr8-tulip7\nEmail: kim@acme.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "y-yaml2.yml",
            text: "users:\n  - email: sam@example.net\n    password: Hunter2!xq\n  - email: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-yaml2.yml",
            text: "users:\n  - email: sam@example.net\n    password: Hunter2!xq\n  - email: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-yaml3-name.yml",
            text: "users:\n  - name: Ann\n    email: sam@example.net\n    password: Hunter2!xq\n  - name: Bob\n"
                + "    email: kim@acme.example\n    password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-yaml3-name.yml",
            text: "users:\n  - name: Ann\n    email: sam@example.net\n    password: Hunter2!xq\n  - name: Bob\n"
                + "    email: kim@acme.example\n    password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-yaml-pwfirst.yml",
            text: "users:\n  - password: Hunter2!xq\n    email: sam@example.net\n  - password: Gr8-tulip7-longer\n"
                + "    email: kim@acme.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-yaml-pwfirst.yml",
            text: "users:\n  - password: Hunter2!xq\n    email: sam@example.net\n  - password: Gr8-tulip7-longer\n"
                + "    email: kim@acme.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-yaml-b-nopw.yml",
            text: "users:\n  - email: sam@example.net\n  - email: kim@acme.example\n    password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "y-yaml-b-nopw.yml",
            text: "users:\n  - email: sam@example.net\n  - email: kim@acme.example\n    password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-yaml-login.yml",
            text: "accounts:\n  - login: sam@example.net\n    password: Hunter2!xq\n  - login: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-yaml-login.yml",
            text: "accounts:\n  - login: sam@example.net\n    password: Hunter2!xq\n  - login: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-yaml-3.yml",
            text: "accounts:\n  - email: sam@example.net\n    password: Hunter2!xq\n  - email: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n  - email: zoe@third.example\n    password: Third-3-pw!\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-yaml-3.yml",
            text: "accounts:\n  - email: sam@example.net\n    password: Hunter2!xq\n  - email: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n  - email: zoe@third.example\n    password: Third-3-pw!\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-yaml-3.yml",
            text: "accounts:\n  - email: sam@example.net\n    password: Hunter2!xq\n  - email: kim@acme.example\n"
                + "    password: Gr8-tulip7-longer\n  - email: zoe@third.example\n    password: Third-3-pw!\n",
            person: "zoe@third.example", allowed: ["Third-3-pw!", unread]),
        Case(
            name: "z-block-dash.txt",
            text: "- Email: sam@example.net\n- Password: Hunter2!xq\n- Email: kim@acme.example\n"
                + "- Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-dash.txt",
            text: "- Email: sam@example.net\n- Password: Hunter2!xq\n- Email: kim@acme.example\n"
                + "- Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-block-mixedlabels.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-mixedlabels.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-block-mail-user.txt",
            text: "Mail: sam@example.net\nPass: Hunter2!xq\nUser: kim@acme.example\nPass: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-mail-user.txt",
            text: "Mail: sam@example.net\nPass: Hunter2!xq\nUser: kim@acme.example\nPass: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-block-addr-only.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nkim@acme.example\nPassword: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-addr-only.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nkim@acme.example\nPassword: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-block-3blocks-one-without.txt",
            text: "Name: Ann\nEmail: sam@example.net\nPassword: Hunter2!xq\nName: Bob\nEmail: kim@acme.example\n"
                + "Name: Cy\nEmail: cy@shop.example\nPassword: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-3blocks-one-without.txt",
            text: "Name: Ann\nEmail: sam@example.net\nPassword: Hunter2!xq\nName: Bob\nEmail: kim@acme.example\n"
                + "Name: Cy\nEmail: cy@shop.example\nPassword: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: [nil, unread]),
        Case(
            name: "z-block-pwfirst-without.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\nPassword: Gr8-tulip7-longer\n"
                + "Email: kim@acme.example\nPassword: Third-3-pw!\nEmail: cy@shop.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-block-pwfirst-without.txt",
            text: "Password: Hunter2!xq\nEmail: sam@example.net\nPassword: Gr8-tulip7-longer\n"
                + "Email: kim@acme.example\nPassword: Third-3-pw!\nEmail: cy@shop.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-mixedorder.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nPassword: Gr8-tulip7-longer\n"
                + "Email: kim@acme.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-mixedorder.txt",
            text: "Email: sam@example.net\nPassword: Hunter2!xq\nPassword: Gr8-tulip7-longer\n"
                + "Email: kim@acme.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-block-user-mail.txt",
            text: "User: ann\nMail: sam@example.net\nPass: Hunter2!xq\nUser: bob\nPass: Gr8-tulip7-longer\n"
                + "Mail: kim@acme.example\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-block-user-mail.txt",
            text: "User: ann\nMail: sam@example.net\nPass: Hunter2!xq\nUser: bob\nPass: Gr8-tulip7-longer\n"
                + "Mail: kim@acme.example\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-block-site.txt",
            text: "Site: a.example\nEmail: sam@example.net\nPassword: Hunter2!xq\nSite: b.example\n"
                + "Username: kim@acme.example\nPassword: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-block-site.txt",
            text: "Site: a.example\nEmail: sam@example.net\nPassword: Hunter2!xq\nSite: b.example\n"
                + "Username: kim@acme.example\nPassword: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-block-login-email2.txt",
            text: "Login: sam@example.net\nPassword: Hunter2!xq\nE-Mail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-block-login-email2.txt",
            text: "Login: sam@example.net\nPassword: Hunter2!xq\nE-Mail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-title.txt",
            text: "Accounts:\nEmail: sam@example.net\nPassword: Hunter2!xq\nEmail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-title.txt",
            text: "Accounts:\nEmail: sam@example.net\nPassword: Hunter2!xq\nEmail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-title-date.txt",
            text: "Date: 2026-01-02\nEmail: sam@example.net\nPassword: Hunter2!xq\nEmail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-title-date.txt",
            text: "Date: 2026-01-02\nEmail: sam@example.net\nPassword: Hunter2!xq\nEmail: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-title-login.txt",
            text: "Results:\nLogin: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-title-login.txt",
            text: "Results:\nLogin: sam@example.net\nPassword: Hunter2!xq\nLogin: kim@acme.example\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-xml.xml",
            text: "<users>\n<email>sam@example.net</email>\n<password>Hunter2!xq</password>\n"
                + "<email>kim@acme.example</email>\n<password>Gr8-tulip7-longer</password>\n</users>\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-xml.xml",
            text: "<users>\n<email>sam@example.net</email>\n<password>Hunter2!xq</password>\n"
                + "<email>kim@acme.example</email>\n<password>Gr8-tulip7-longer</password>\n</users>\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-xml-title.xml",
            text: "<title>Shop</title>\n<email>sam@example.net</email>\n<password>Hunter2!xq</password>\n"
                + "<email>kim@acme.example</email>\n<password>Gr8-tulip7-longer</password>\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-xml-title.xml",
            text: "<title>Shop</title>\n<email>sam@example.net</email>\n<password>Hunter2!xq</password>\n"
                + "<email>kim@acme.example</email>\n<password>Gr8-tulip7-longer</password>\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-props.properties",
            text: "db.title=Shop\nmail.user=sam@example.net\nmail.pass=Hunter2!xq\nmail.user=kim@acme.example\n"
                + "mail.pass=Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-props.properties",
            text: "db.title=Shop\nmail.user=sam@example.net\nmail.pass=Hunter2!xq\nmail.user=kim@acme.example\n"
                + "mail.pass=Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "v-tf.tf",
            text: "user_a = {\n  email = \"sam@example.net\"\n  password = \"Hunter2!xq\"\n}\nuser_b = {\n"
                + "  email = \"kim@acme.example\"\n  password = \"Gr8-tulip7-longer\"\n}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-tf.tf",
            text: "user_a = {\n  email = \"sam@example.net\"\n  password = \"Hunter2!xq\"\n}\nuser_b = {\n"
                + "  email = \"kim@acme.example\"\n  password = \"Gr8-tulip7-longer\"\n}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-blk-2sites.txt",
            text: "URL: https://a.example\nLogin: sam@example.net\nPassword: Hunter2!xq\n\nURL: https://b.example\n"
                + "Login: kim@acme.example\nPassword:\n\nURL: https://c.example\nLogin: zed\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-blk-2sites.txt",
            text: "URL: https://a.example\nLogin: sam@example.net\nPassword: Hunter2!xq\n\nURL: https://b.example\n"
                + "Login: kim@acme.example\nPassword:\n\nURL: https://c.example\nLogin: zed\n"
                + "Password: Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: [nil, unread]),
        Case(
            name: "y-blk-backup.txt",
            text: "Email: sam@example.net\nRecovery email: kim@acme.example\nPassword: Hunter2!xq\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-blk-backup.txt",
            text: "Email: sam@example.net\nRecovery email: kim@acme.example\nPassword: Hunter2!xq\n",
            person: "kim@acme.example", allowed: [nil, unread]),
        Case(
            name: "block-dblcolon.txt",
            text: "Email:: sam@example.net\nPassword:: hunter22\n",
            person: "sam@example.net", allowed: [unread, "hunter22"]),
        Case(
            name: "y-blockdbl2.txt",
            text: "Email:: sam@example.net\nPassword:: Hunter2!xq\n",
            person: "sam@example.net", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "y-blockdbl4.txt",
            text: "Email: sam@example.net\nPassword:: hunter22\n",
            person: "sam@example.net", allowed: [unread, "hunter22"]),
        Case(
            name: "ldif.ldif",
            text: "dn: uid=ann,dc=x\nmail: sam@example.net\nuserPassword:: SHVudGVyMiF4cQ==\nuid: ann\n\n"
                + "dn: uid=bob,dc=x\nmail: kim@acme.example\nuserPassword: Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "ldif.ldif",
            text: "dn: uid=ann,dc=x\nmail: sam@example.net\nuserPassword:: SHVudGVyMiF4cQ==\nuid: ann\n\n"
                + "dn: uid=bob,dc=x\nmail: kim@acme.example\nuserPassword: Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "ldif-crlf-fold.ldif",
            text: "dn: uid=ann,dc=x\r\nmail: sam@example.net\r\nuserPassword:: SHVudGVy\r\n MiF4cQ==\r\nuid: ann\r\n"
                + "\r\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
    ]

    static let objects: [Case] = [
        Case(
            name: "json-nested.json",
            text: "[{\"id\":1,\"user\":{\"email\":\"sam@example.net\",\"password\":\""
                + "Hunter2!xq\"},\"owner\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7\"}}]\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "json-nested.json",
            text: "[{\"id\":1,\"user\":{\"email\":\"sam@example.net\",\"password\":\""
                + "Hunter2!xq\"},\"owner\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7\"}}]\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "json-nested2.json",
            text: "{\"email\":\"sam@example.net\",\"spouse\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7\"},\"password\":\"Hunter2!xq\"}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "json-nested2.json",
            text: "{\"email\":\"sam@example.net\",\"spouse\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7\"},\"password\":\"Hunter2!xq\"}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "y-jsonnested-after.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"spo"
                + "use\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-jsonnested-after.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"spo"
                + "use\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-jsonnested-contact-nopw.json",
            text: "{\"email\":\"sam@example.net\",\"name\":\"Ann\",\"admin\":{\"email"
                + "\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "y-jsonnested-contact-nopw.json",
            text: "{\"email\":\"sam@example.net\",\"name\":\"Ann\",\"admin\":{\"email"
                + "\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-jsonnested-list.json",
            text: "{\"owner\":\"sam@example.net\",\"members\":[{\"email\":\"kim@acm"
                + "e.example\",\"password\":\"Gr8-tulip7-longer\"}]}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "y-jsonnested-list.json",
            text: "{\"owner\":\"sam@example.net\",\"members\":[{\"email\":\"kim@acm"
                + "e.example\",\"password\":\"Gr8-tulip7-longer\"}]}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-parent.json",
            text: "{\"email\":\"sam@example.net\",\"parent\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-parent.json",
            text: "{\"email\":\"sam@example.net\",\"parent\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-parent-own.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"par"
                + "ent\":{\"email\":\"kim@acme.example\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-json-parent-own.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"par"
                + "ent\":{\"email\":\"kim@acme.example\"}}\n",
            person: "kim@acme.example", allowed: [nil, unread]),
        Case(
            name: "w-json-siblings.json",
            text: "{\"buyer\":{\"email\":\"sam@example.net\"},\"seller\":{\"email\":"
                + "\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-siblings.json",
            text: "{\"buyer\":{\"email\":\"sam@example.net\"},\"seller\":{\"email\":"
                + "\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-pretty-parent.json",
            text: "{\n \"email\":\"sam@example.net\",\n \"parent\":{\n  \"email\":\"kim@acme.example\",\n"
                + "  \"password\":\"Gr8-tulip7-longer\"\n }\n}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-pretty-parent.json",
            text: "{\n \"email\":\"sam@example.net\",\n \"parent\":{\n  \"email\":\"kim@acme.example\",\n"
                + "  \"password\":\"Gr8-tulip7-longer\"\n }\n}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-array-emails.json",
            text: "{\"user\":{\"emails\":[{\"value\":\"sam@example.net\"},{\"value\""
                + ":\"kim@acme.example\"}],\"password\":\"Hunter2!xq\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-json-array-emails.json",
            text: "{\"user\":{\"emails\":[{\"value\":\"sam@example.net\"},{\"value\""
                + ":\"kim@acme.example\"}],\"password\":\"Hunter2!xq\"}}\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-json-members.json",
            text: "{\"users\": [\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Hunter2!xq\"\n  },\n"
                + "  {\n    \"email\": \"kim@acme.example\",\n    \"password\": \"Gr8-tulip7-longer\"\n  }\n]}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-json-members.json",
            text: "{\"users\": [\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Hunter2!xq\"\n  },\n"
                + "  {\n    \"email\": \"kim@acme.example\",\n    \"password\": \"Gr8-tulip7-longer\"\n  }\n]}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-json-pretty-b-nopw.json",
            text: "[\n  {\n    \"email\": \"sam@example.net\"\n  },\n  {\n    \"email\": \"kim@acme.example\",\n"
                + "    \"password\": \"Gr8-tulip7-longer\"\n  }\n]\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-json-pretty-b-nopw.json",
            text: "[\n  {\n    \"email\": \"sam@example.net\"\n  },\n  {\n    \"email\": \"kim@acme.example\",\n"
                + "    \"password\": \"Gr8-tulip7-longer\"\n  }\n]\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
    ]

    @Test(arguments: columns + lines + blocks + objects) func `nobody is given another person's password`(_ one: Case) {
        let found = records(one.text, name: one.name, watching: [one.person])
        for record in found {
            let said = record.secretText ?? (record.unread == nil ? nil : Self.unread)
            #expect(one.allowed.contains(said), "\(one.text) \(said ?? "none")")
        }
    }

    @Test func `a block whose beginning is not at hand is nobody's`() {
        let text = (0..<200).map { "Email: x\($0)@shop.example\nPassword: Pw-\($0)\n" }.joined() + "Email: sam@example.net\nPassword: Pw-own\n"
        let found = records(text, watching: ["sam@example.net"])
        #expect(found.allSatisfy { $0.secretText == "Pw-own" || $0.secret == nil && $0.unread != nil }, "\(found)")
    }

    @Test(arguments: [
        "sam@example.net\nthis is her mail address there\nHunter2!xq\n", "sam@example.net\n2024-01-02\nHunter2!xq\n",
        "From: a@x.example\nTo: Ann <sam@example.net>\nSubject: Welcome to us all\n\nsunshine is the word for it\n",
        "From: a@x.example\nTo: sam@example.net\nSubject: Hello there\n\nTo: sign in use Hunter2!xq\n",
        "sam@example.net;www.love.you\n", "sam@example.net,vpn.acme.secret\n", "<tr><td>sam@example.net</td><td>Dragon Slayer</td></tr>\n",
    ]) func `what stands around an address is not known to be harmless`(_ text: String) {
        let found = records(text, watching: ["sam@example.net"])
        #expect(!found.isEmpty && found.allSatisfy { $0.secret == nil && $0.unread != nil }, "\(found)")
    }

    @Test(arguments: [
        ("sam@example.net----Pw-Invented1", "Pw-Invented1"), ("sam@example.net---Pw-Invented1", "Pw-Invented1"),
        ("Login:sam@example.net|Password:Pw-own|Balance:0|Country:DE", "Pw-own"),
    ]) func `signs around a password are none of it`(_ line: String, _ secret: String) {
        #expect(records(line + "\n", watching: ["sam@example.net"]).map(\.secretText) == [secret])
    }
}
