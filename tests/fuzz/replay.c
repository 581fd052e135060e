/* replay: runs a target on files where there is no libFuzzer: the kept corpus, or a crash.
 *
 * Usage: TARGET FILE|DIRECTORY…
 *
 * It prints the name of each file before it runs it. */

#include <dirent.h>
#include <string.h>

#include "target.h"

static size_t count;

static void run_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = NULL;
  size_t size = 0;
  uint8_t *exact;
  int byte;

  if (file == NULL) {
    perror(path);
    exit(1);
  }
  while ((byte = getc(file)) != EOF) {
    if ((size & (size + 1)) == 0) { /* full: one less than a power of two */
      uint8_t *more = realloc(data, (size + 1) * 2);
      CHECK(more != NULL);
      data = more;
    }
    data[size++] = (uint8_t)byte;
  }
  (void)fclose(file);
  exact = target_alloc(size);
  if (size != 0) {
    memcpy(exact, data, size);
  }
  free(data);
  (void)printf("%s\n", path);
  (void)fflush(stdout);
  (void)LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  count++;
}

static void run_directory(const char *path) {
  struct dirent **entries;
  int found = scandir(path, &entries, NULL, alphasort); /* in the same order on every machine */
  int i;

  if (found < 0) { /* not a directory */
    run_file(path);
    return;
  }
  for (i = 0; i < found; i++) {
    if (entries[i]->d_name[0] != '.') {
      size_t size = strlen(path) + strlen(entries[i]->d_name) + 2;
      char *inner = target_alloc(size);
      (void)snprintf(inner, size, "%s/%s", path, entries[i]->d_name);
      run_file(inner);
      free(inner);
    }
    free(entries[i]);
  }
  free(entries);
}

int main(int argc, char **argv) {
  int i;

  for (i = 1; i < argc; i++) {
    run_directory(argv[i]);
  }
  (void)printf("%zu inputs replayed\n", count);
  return count == 0 ? 1 : 0;
}
