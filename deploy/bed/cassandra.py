"""Configuration and command line of one real Cassandra node. Java is started directly, so that every packaging works alike."""

import os

HEAP = "400M"
EXPORTS = """java.base/java.lang.ref java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch java.management.rmi/com.sun.jmx.remote.internal.rmi
    java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.unsupported/sun.misc java.management/com.sun.jmx.remote.security""".split()
OPENS = """java.base/java.io java.base/java.lang java.base/java.lang.module java.base/java.lang.reflect java.base/java.math java.base/java.net java.base/java.nio
    java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader java.base/jdk.internal.math
    java.base/jdk.internal.module java.base/jdk.internal.ref java.base/jdk.internal.reflect java.base/jdk.internal.util.jar java.base/sun.nio.ch
    java.rmi/sun.rmi.transport.tcp jdk.management/com.sun.management.internal""".split()
# What a production start waits for and a test bed need not.
FAST_START = {
    "cassandra.skip_wait_for_gossip_to_settle": "0",
    "cassandra.superuser_setup_delay_ms": "0",
    "cassandra.available_processors": "1",
    "cassandra.consistent.rangemovement": "false",
    "cassandra.shutdown_announce_in_ms": "200",
    "cassandra.memtable_row_overhead_computation_step": "1000",
}
LOGBACK = """<configuration>
  <appender name="FILE" class="ch.qos.logback.core.FileAppender">
    <file>${cassandra.logdir}/system.log</file>
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="FILE"/></root>
</configuration>
"""


def java_majors(release):
    if release.startswith("4."):
        return [11]
    return [17, 11] if release.startswith("5.") else [17, 21]


def tokens(number, count, per_node=4):
    """Evenly spread tokens of Murmur3Partitioner, those of one node interleaved with the others'."""
    step = 2**64 // (count * per_node)
    return [-(2**63) + 1 + step * (k * count + number - 1) for k in range(per_node)]


def settings(bed, node):
    """cassandra.yaml as a mapping: JSON is YAML. Durations and sizes are named and written otherwise in 4.0."""
    old = bed["release"].startswith("4.0")
    yaml = {
        "cluster_name": bed["clusterName"],
        "num_tokens": len(node["tokens"]),
        "initial_token": ",".join(map(str, node["tokens"])),
        "auto_bootstrap": False,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": "%s:%d" % (bed["nodes"][0]["address"], bed["storagePort"])}],
            }
        ],
        "listen_address": node["address"],
        "rpc_address": node["address"],
        "storage_port": bed["storagePort"],
        "native_transport_port": node["cqlPort"],
        "data_file_directories": node["dataFolders"],
        "commitlog_directory": node["commitLog"],
        "hints_directory": node["hints"],
        "saved_caches_directory": node["savedCaches"],
        "cdc_raw_directory": node["cdcRaw"],
        "commitlog_sync": "periodic",
        "auto_snapshot": True,
        "concurrent_reads": 4,
        "concurrent_writes": 4,
        "enable_materialized_views" if old else "materialized_views_enabled": True,
        "enable_sasi_indexes" if old else "sasi_indexes_enabled": True,
        "enable_user_defined_functions" if old else "user_defined_functions_enabled": True,
    }
    for name, seconds in [("commitlog_sync_period", 10), ("read_request_timeout", 30), ("range_request_timeout", 30), ("write_request_timeout", 30),
                          ("counter_write_request_timeout", 30), ("request_timeout", 30), ("truncate_request_timeout", 120)]:
        yaml[name + "_in_ms" if old else name] = seconds * 1000 if old else "%ds" % seconds
    for name, size in [("commitlog_segment_size", 4), ("memtable_heap_space", 64), ("memtable_offheap_space", 64), ("key_cache_size", 0), ("file_cache_size", 32)]:
        yaml[name + "_in_mb" if old else name] = size if old else "%dMiB" % size
    return yaml


def write_configuration(bed, node):
    import json

    conf = node["conf"]
    os.makedirs(conf, exist_ok=True)
    files = {
        "cassandra.yaml": json.dumps(settings(bed, node), indent=2) + "\n",
        "cassandra-rackdc.properties": "dc=%s\nrack=%s\n" % (node["datacenter"], node["rack"]),
        "cassandra-env.sh": "JMX_PORT=%d\n" % node["jmxPort"],
        "logback.xml": LOGBACK,
    }
    for name, text in files.items():
        with open(os.path.join(conf, name), "w") as file:
            file.write(text)


def arguments(node, distribution, java_home):
    """The command line; `-Dname=value` of a caller goes before the class name, its last element."""
    home, conf = node["home"], node["conf"]
    properties = {
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
        "java.net.preferIPv4Stack": "true",
        "java.io.tmpdir": home + "/tmp",
        "jna.tmpdir": home + "/tmp",
        "logback.configurationFile": conf + "/logback.xml",
        "cassandra-foreground": "yes",
        "cassandra.config": "file://" + conf + "/cassandra.yaml",
        "cassandra-rackdc.properties": "file://" + conf + "/cassandra-rackdc.properties",
        "cassandra.storagedir": home,
        "cassandra.logdir": home + "/logs",
        "cassandra.jmx.local.port": str(node["jmxPort"]),
        **FAST_START,
    }
    argv = [java_home + "/bin/java", "-ea", "-Xms" + HEAP, "-Xmx" + HEAP, "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
    argv += ["-javaagent:" + distribution.agent] if distribution.agent else []
    argv += ["--add-exports=%s=ALL-UNNAMED" % name for name in EXPORTS] + ["--add-opens=%s=ALL-UNNAMED" % name for name in OPENS]
    argv += ["-D%s=%s" % pair for pair in properties.items()]
    return argv + ["-cp", ":".join([conf] + distribution.jars), "org.apache.cassandra.service.CassandraDaemon"]
