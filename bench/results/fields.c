#include "results/fields.h"

#include "result.h"
#include "results/machine.h"

#define RUN(kind, name, member)                                                \
    {                                                                          \
        name, kind, offsetof(struct result, member)                            \
    }
#define SIDE(kind, name, member)                                               \
    {                                                                          \
        name, kind, offsetof(struct result_side, member)                       \
    }
#define SLOT(kind, name, member)                                               \
    {                                                                          \
        name, kind, offsetof(struct result_slot, member)                       \
    }
#define MACHINE(kind, name, member)                                            \
    {                                                                          \
        name, kind, offsetof(struct machine, member)                           \
    }

const struct field fields_of_run[] = {
    RUN(FIELD_STRING, "scenario", scenario),
    RUN(FIELD_STRING, "transport", transport),
    RUN(FIELD_STRING, "way", way),
    RUN(FIELD_STRING, "target", target),
    RUN(FIELD_STRING, "publish_url", publish_url),
    RUN(FIELD_STRING, "publish_by", publish_by),
    RUN(FIELD_STRING, "durability", durability),
    RUN(FIELD_INT, "repeat", repeat),
    RUN(FIELD_INT, "subscribers", subscribers),
    RUN(FIELD_INT, "publishers", publishers),
    RUN(FIELD_INT, "channels", channels),
    RUN(FIELD_DOUBLE, "rate_per_s", rate_per_s),
    RUN(FIELD_BOOL, "poisson", is_poisson),
    RUN(FIELD_SEED, "seed", seed),
    RUN(FIELD_INT, "message_bytes", message_bytes),
    RUN(FIELD_DOUBLE, "poll_interval_s", poll_interval_s),
    RUN(FIELD_DOUBLE, "began_s", began_s),
    RUN(FIELD_DOUBLE, "duration_s", duration_s),
    RUN(FIELD_BOOL, "complete", is_complete),
    RUN(FIELD_STRING, "problem", problem),
    RUN(FIELD_COUNT, "published", published),
    RUN(FIELD_COUNT, "refused", refused),
    RUN(FIELD_COUNT, "expected", expected),
    RUN(FIELD_COUNT, "delivered", delivered),
    RUN(FIELD_COUNT, "lost", lost),
    RUN(FIELD_COUNT, "repeated", repeated),
    RUN(FIELD_COUNT, "reordered", reordered),
    RUN(FIELD_COUNT, "told_lost", told_lost),
    RUN(FIELD_COUNT, "messages_counted", messages_counted),
    RUN(FIELD_COUNT, "deliveries_counted", deliveries_counted),
    RUN(FIELD_DOUBLE, "publishes_per_s", publishes_per_s),
    RUN(FIELD_DOUBLE, "deliveries_per_s", deliveries_per_s),
    RUN(FIELD_DOUBLE, "bytes_down", bytes_down),
    RUN(FIELD_DOUBLE, "bytes_up", bytes_up),
    RUN(FIELD_DOUBLE, "segments_down", segments_down),
    RUN(FIELD_DOUBLE, "segments_up", segments_up),
    RUN(FIELD_DOUBLE, "requests", requests),
    RUN(FIELD_DOUBLE, "poll_round_trip_us", poll_round_trip_us),
    RUN(FIELD_DOUBLE, "client_cpu_s", client_cpu_s),
    RUN(FIELD_DOUBLE, "client_busy", client_busy),
    RUN(FIELD_DOUBLE, "client_bytes_held", client_bytes_held),
    RUN(FIELD_DOUBLE, "slip_p99_us", slip_p99_us),
    RUN(FIELD_DOUBLE, "read_late_p99_us", read_late_p99_us),
    RUN(FIELD_DOUBLE, "others_cpu", others_cpu),
    RUN(FIELD_DOUBLE, "commits", commits),
    RUN(FIELD_HISTOGRAM, "latency_us", latency),
    RUN(FIELD_HISTOGRAM, "latency_sent_us", latency_sent),
    RUN(FIELD_HISTOGRAM, "last_us", last),
    RUN(FIELD_HISTOGRAM, "publish_us", publish),
    RUN(FIELD_HISTOGRAM, "publish_sent_us", publish_sent),
    RUN(FIELD_OF_CONNECTIONS, "connect_us", connect),
    RUN(FIELD_OF_CONNECTIONS, "first_us", first),
    RUN(FIELD_OF_CONNECTIONS, "recover_us", recover),
    {NULL, FIELD_INT, 0},
};

const struct field fields_of_side[] = {
    SIDE(FIELD_INT, "processes", processes),
    SIDE(FIELD_DOUBLE, "cpu_s", cpu_s),
    SIDE(FIELD_DOUBLE, "context_switches", context_switches),
    SIDE(FIELD_DOUBLE, "resident_before_bytes", resident_before),
    SIDE(FIELD_DOUBLE, "resident_held_bytes", resident_held),
    {NULL, FIELD_INT, 0},
};

const struct field fields_of_slot[] = {
    SLOT(FIELD_DOUBLE, "at_s", at_s),
    SLOT(FIELD_COUNT, "deliveries", deliveries),
    SLOT(FIELD_DOUBLE, "p50_us", p50_us),
    SLOT(FIELD_DOUBLE, "p99_us", p99_us),
    SLOT(FIELD_DOUBLE, "max_us", max_us),
    {NULL, FIELD_INT, 0},
};

const struct field fields_of_machine[] = {
    MACHINE(FIELD_STRING, "cpu", cpu),
    MACHINE(FIELD_INT, "cores", cores),
    MACHINE(FIELD_DOUBLE, "memory_bytes", memory_bytes),
    MACHINE(FIELD_STRING, "kernel", kernel),
    MACHINE(FIELD_STRING, "distribution", distribution),
    MACHINE(FIELD_STRING, "virtualised", virtualised),
    MACHINE(FIELD_STRING, "earshot", earshot),
    MACHINE(FIELD_STRING, "libcurl", libcurl),
    MACHINE(FIELD_STRING, "libevent", libevent),
    MACHINE(FIELD_STRING, "disk_path", disk_path),
    MACHINE(FIELD_STRING, "disk_system", disk_system),
    MACHINE(FIELD_DOUBLE, "fdatasync_p50_us", fdatasync_p50_us),
    MACHINE(FIELD_DOUBLE, "fdatasync_p99_us", fdatasync_p99_us),
    {NULL, FIELD_INT, 0},
};
