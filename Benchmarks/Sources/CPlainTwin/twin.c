#define _GNU_SOURCE
#include "CPlainTwin.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t twin_thread_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void twin_iterate1(float *restrict values, size_t count, float constant) {
    for (size_t i = 0; i < count; i++) values[i] += constant;
}

void twin_integrate(
    twin_vector *restrict positions, const twin_vector *restrict velocities, size_t count, float seconds) {
    for (size_t i = 0; i < count; i++) {
        positions[i].x += velocities[i].x * seconds;
        positions[i].y += velocities[i].y * seconds;
        positions[i].z += velocities[i].z * seconds;
    }
}

void twin_integrate3(
    twin_vector *restrict positions, twin_vector *restrict velocities, const twin_vector *restrict accelerations,
    size_t count, float seconds) {
    for (size_t i = 0; i < count; i++) {
        twin_vector v = velocities[i];
        v.x += accelerations[i].x * seconds;
        v.y += accelerations[i].y * seconds;
        v.z += accelerations[i].z * seconds;
        velocities[i] = v;
        positions[i].x += v.x * seconds;
        positions[i].y += v.y * seconds;
        positions[i].z += v.z * seconds;
    }
}

static void reserve(twin_table *table, size_t count) {
    if (count <= table->capacity) return;
    size_t capacity = table->capacity ? table->capacity * 2 : 64;
    if (capacity < count) capacity = count;
    table->entities = realloc(table->entities, capacity * sizeof *table->entities);
    table->positions = realloc(table->positions, capacity * sizeof *table->positions);
    table->velocities = realloc(table->velocities, capacity * sizeof *table->velocities);
    table->capacity = capacity;
}

__attribute__((noinline))
void twin_table_append(twin_table *table, twin_vector position, twin_vector velocity) {
    if (table->count == table->capacity) reserve(table, table->count + 1);
    size_t row = table->count++;
    table->entities[row] = (twin_entity){.index = (uint32_t)row, .generation = 1};
    table->positions[row] = position;
    table->velocities[row] = velocity;
}

void twin_table_append_all(
    twin_table *table, const twin_vector *positions, const twin_vector *velocities, size_t count) {
    reserve(table, table->count + count);
    for (size_t i = 0; i < count; i++) {
        table->entities[table->count + i] = (twin_entity){.index = (uint32_t)(table->count + i), .generation = 1};
    }
    memcpy(table->positions + table->count, positions, count * sizeof *positions);
    memcpy(table->velocities + table->count, velocities, count * sizeof *velocities);
    table->count += count;
}

void twin_table_remove_all(
    twin_table *table, uint32_t *row_of_entity, const twin_entity *entities, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t row = row_of_entity[entities[i].index];
        size_t last = --table->count;
        table->entities[row] = table->entities[last];
        table->positions[row] = table->positions[last];
        table->velocities[row] = table->velocities[last];
        row_of_entity[table->entities[row].index] = row;
        row_of_entity[entities[i].index] = UINT32_MAX;
    }
}

void twin_table_free(twin_table *table) {
    free(table->entities);
    free(table->positions);
    free(table->velocities);
    *table = (twin_table){0};
}

void twin_add_remove(twin_table *from, twin_table *to, float *added, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t row = from->count - 1, target = to->count;
        to->entities[target] = from->entities[row];
        to->positions[target] = from->positions[row];
        to->velocities[target] = from->velocities[row];
        added[target] = (float)i;
        from->count--;
        to->count++;
        __asm__ volatile("" ::: "memory");
        from->entities[row] = to->entities[target];
        from->positions[row] = to->positions[target];
        from->velocities[row] = to->velocities[target];
        to->count--;
        from->count++;
        __asm__ volatile("" ::: "memory");
    }
}

void twin_add_remove_sparse(uint32_t *row_of_entity, twin_entity *dense, float *values, size_t count) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        row_of_entity[i] = (uint32_t)used;
        dense[used] = (twin_entity){.index = (uint32_t)i, .generation = 1};
        values[used] = (float)i;
        used++;
        __asm__ volatile("" ::: "memory");
        used--;
        row_of_entity[i] = UINT32_MAX;
        __asm__ volatile("" ::: "memory");
    }
}

float twin_random_get(
    const twin_entity *entities, size_t count, const twin_entity *rows, const twin_vector *positions) {
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        twin_entity row = rows[entities[i].index];
        if (row.generation == entities[i].generation) sum += positions[row.index].x;
    }
    return sum;
}

void twin_write(twin_vector *positions, uint64_t *bits, const uint32_t *indices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t row = indices[i];
        positions[row].x += 1;
        bits[row >> 6] |= 1ull << (row & 63);
    }
}

void twin_mark_all(uint64_t *bits, size_t count) { memset(bits, 0xff, (count + 63) / 64 * sizeof *bits); }

size_t twin_collect(
    const twin_entity *entities, const twin_vector *positions, uint64_t *bits, size_t count, twin_entity *out_entities,
    twin_vector *out_positions) {
    size_t found = 0;
    for (size_t word = 0; word < (count + 63) / 64; word++) {
        uint64_t rest = bits[word];
        bits[word] = 0;
        if (rest == UINT64_MAX && word * 64 + 64 <= count) {
            memcpy(out_entities + found, entities + word * 64, 64 * sizeof *entities);
            memcpy(out_positions + found, positions + word * 64, 64 * sizeof *positions);
            found += 64;
            continue;
        }
        for (; rest; rest &= rest - 1) {
            size_t row = word * 64 + (size_t)__builtin_ctzll(rest);
            if (row >= count) break;
            out_entities[found] = entities[row];
            out_positions[found] = positions[row];
            found++;
        }
    }
    return found;
}

size_t twin_any(const uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (words[i]) return i;
    }
    return count;
}
