#ifndef C_PLAIN_TWIN_H
#define C_PLAIN_TWIN_H

#include <stddef.h>
#include <stdint.h>

// What the rows of `bench-ecs` cost in plain C over plain arrays: the floor that they are measured against.
// Each does what its name says and nothing else: no entities' lives, no archetypes, no checks.

typedef struct { float x, y, z; } twin_vector;

/// Where the value of an entity lies, as in any world with entities that are named by index and generation.
typedef struct { uint32_t index, generation; } twin_entity;

/// Nanoseconds of processor time of the calling thread.
uint64_t twin_thread_time(void);

void twin_iterate1(float *values, size_t count, float constant);
void twin_integrate(twin_vector *positions, const twin_vector *velocities, size_t count, float seconds);
void twin_integrate3(
    twin_vector *positions, twin_vector *velocities, const twin_vector *accelerations, size_t count, float seconds);

/// Arrays of entities and two components that grow by doubling.
typedef struct {
    twin_entity *entities;
    twin_vector *positions, *velocities;
    size_t count, capacity;
} twin_table;

void twin_table_append(twin_table *table, twin_vector position, twin_vector velocity);
void twin_table_append_all(
    twin_table *table, const twin_vector *positions, const twin_vector *velocities, size_t count);
/// Moves the last row into the place of the row that the entity has, for each entity.
void twin_table_remove_all(twin_table *table, uint32_t *row_of_entity, const twin_entity *entities, size_t count);
void twin_table_free(twin_table *table);

/// Moves each entity's row with two components to a table with three, and back.
void twin_add_remove(twin_table *from, twin_table *to, float *added, size_t count);
/// Puts a value into a dense list that an index leads into and takes it out again, for each entity.
void twin_add_remove_sparse(uint32_t *row_of_entity, twin_entity *dense, float *values, size_t count);

/// Reads through the entity's row, the generation checked, in the order of `entities`.
float twin_random_get(
    const twin_entity *entities, size_t count, const twin_entity *rows, const twin_vector *positions);

/// Writes one value per index and sets its bit.
void twin_write(twin_vector *positions, uint64_t *bits, const uint32_t *indices, size_t count);
void twin_mark_all(uint64_t *bits, size_t count);
/// Copies entities and values whose bit is set, and clears the bits. Returns how many there were.
size_t twin_collect(
    const twin_entity *entities, const twin_vector *positions, uint64_t *bits, size_t count, twin_entity *out_entities,
    twin_vector *out_positions);
/// Looks whether any of a list of words is set.
size_t twin_any(const uint64_t *words, size_t count);

#endif
