#include "base/map.h"

#include "check.h"

enum { MANY = 5000 };

static int values[MANY];

static const char *
name_of(int i, char name[32])
{
    snprintf(name, 32, "channel-%d", i);
    return name;
}

static void
put_many(struct map *map)
{
    char name[32];
    for (int i = 0; i < MANY; i++)
        map_put(map, name_of(i, name), &values[i]);
}

TEST(an_unused_map_is_empty)
{
    struct map map = {0};
    assert_null(map_get(&map, "a"));
    assert_null(map_remove(&map, "a"));
    assert_null(map_next(&map, NULL));
    map_fini(&map);
}

TEST(a_value_is_found_under_its_key_after_growing)
{
    struct map map = {0};
    char name[32];
    put_many(&map);
    assert_int_equal(map.size, MANY);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&map, name_of(i, name)), &values[i]);
    assert_null(map_get(&map, "channel-"));
    map_fini(&map);
    assert_int_equal(map.size, 0);
}

TEST(the_key_is_copied_and_the_copy_returned)
{
    struct map map = {0};
    char name[] = "room";
    const char *kept = map_put(&map, name, &values[0]);
    assert_ptr_not_equal(kept, name);
    name[0] = 'x';
    assert_string_equal(kept, "room");
    assert_ptr_equal(map_get(&map, "room"), &values[0]);
    assert_null(map_get(&map, "xoom"));
    map_fini(&map);
}

TEST(putting_again_replaces_and_does_not_count_twice)
{
    struct map map = {0};
    const char *first = map_put(&map, "room", &values[0]);
    const char *second = map_put(&map, "room", &values[1]);
    assert_ptr_equal(first, second);
    assert_int_equal(map.size, 1);
    assert_ptr_equal(map_get(&map, "room"), &values[1]);
    map_fini(&map);
}

TEST(what_is_removed_is_gone_and_the_rest_stays)
{
    struct map map = {0};
    char name[32];
    put_many(&map);
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(map_remove(&map, name_of(i, name)), &values[i]);
    assert_null(map_remove(&map, name_of(0, name)));
    assert_int_equal(map.size, MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&map, name_of(i, name)),
                         i % 2 ? &values[i] : NULL);
    map_fini(&map);
}

TEST(the_map_s_own_key_may_be_used_to_remove_it)
{
    struct map map = {0};
    const char *key = map_put(&map, "room", &values[3]);
    assert_ptr_equal(map_remove(&map, key), &values[3]);
    assert_int_equal(map.size, 0);
    map_fini(&map);
}

TEST(a_walk_meets_every_entry_once)
{
    struct map map = {0};
    put_many(&map);
    memset(values, 0, sizeof values);
    const struct map_entry *entry = NULL;
    while ((entry = map_next(&map, entry)))
        ++*(int *)entry->value;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(values[i], 1);
    map_fini(&map);
}

RUN(LISTED(an_unused_map_is_empty),
    LISTED(a_value_is_found_under_its_key_after_growing),
    LISTED(the_key_is_copied_and_the_copy_returned),
    LISTED(putting_again_replaces_and_does_not_count_twice),
    LISTED(what_is_removed_is_gone_and_the_rest_stays),
    LISTED(the_map_s_own_key_may_be_used_to_remove_it),
    LISTED(a_walk_meets_every_entry_once))
