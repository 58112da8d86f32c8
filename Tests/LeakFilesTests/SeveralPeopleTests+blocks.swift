@testable import LeakFiles

/// Fields of several people one above the other.
extension SeveralPeopleTests {
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
}
