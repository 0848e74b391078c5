import BackupModel
import CassandraNode
import Testing

struct SchemaTextTests {
    private func path(_ keyspace: String, _ table: String) -> TablePath {
        TablePath(keyspace: KeyspaceName(unchecked: keyspace), table: TableName(unchecked: table))
    }

    @Test("the number is found among types, indexes and views, and not in texts, comments or names")
    func found() {
        let cql = """
            -- CREATE TABLE x.y (a int PRIMARY KEY) WITH gc_grace_seconds = 1;
            // gc_grace_seconds = 2
            /* CREATE TABLE x.z (a int PRIMARY KEY)
               WITH gc_grace_seconds = 3; */
            CREATE TYPE IF NOT EXISTS shop.address (street text, "gc_grace_seconds" int);
            CREATE TABLE IF NOT EXISTS shop."Orders" (
                id int PRIMARY KEY,
                gc_grace_seconds int,
                "odd "" name; gc_grace_seconds = 4" text
            ) WITH ID = bb4a8ea0-e70e-11f1-9bdd-1361fc5b807d
                AND comment = 'it''s; AND gc_grace_seconds = 5 -- no'
                AND extensions = {'gc_grace_seconds': '6'}
                AND caching = {'keys': $$; gc_grace_seconds = 7 $$}
                AND GC_Grace_Seconds = 3600
                AND speculative_retry = '99p';
            CREATE INDEX IF NOT EXISTS i ON shop."Orders" (id);
            CREATE MATERIALIZED VIEW shop.v AS SELECT id FROM shop."Orders" WHERE id IS NOT NULL PRIMARY KEY (id) WITH gc_grace_seconds = 8;
            """
        #expect(SchemaText.gcGraceSeconds(in: cql) == 3600)
        #expect(SchemaText.table(in: cql) == path("shop", "Orders"))
    }

    @Test("a view's own schema tells the view's")
    func view() {
        let cql =
            """
            CREATE MATERIALIZED VIEW IF NOT EXISTS Shop.By_Day AS
                SELECT * FROM shop.orders WHERE id IS NOT NULL PRIMARY KEY (id)
                WITH ID = 1 AND gc_grace_seconds = 77;
            """
        #expect(SchemaText.gcGraceSeconds(in: cql) == 77)
        #expect(SchemaText.table(in: cql) == path("shop", "by_day"))
    }

    @Test(
        "nothing is found where there is nothing",
        arguments: [
            "", "CREATE", "CREATE TABLE", "CREATE TABLE shop", "CREATE TABLE shop.", "CREATE INDEX i ON shop.orders (a);", "'", "/*", "$$", "\"", "-",
            "CREATE TABLE 'shop'.'orders' (a int)",
            "CREATE TABLE \"sh op\".orders (a int) WITH gc_grace_seconds =",
        ])
    func nothing(cql: String) {
        #expect(SchemaText.gcGraceSeconds(in: cql) == nil)
        #expect(SchemaText.table(in: cql) == nil)
    }
}
