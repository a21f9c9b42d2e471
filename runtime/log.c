/*===- log.c - The log callback ------------------------------------------===*/

#include "runtime/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static qopt_log_callback logCallback;
static void *logUser;

void qopt_set_log(qopt_log_callback callback, void *user) {
  pthread_mutex_lock(&mutex);
  logCallback = callback;
  logUser = user;
  pthread_mutex_unlock(&mutex);
}

void qopt_log(qopt_log_level level, const char *format, ...) {
  pthread_mutex_lock(&mutex);
  if (logCallback) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    logCallback(logUser, level, text);
  }
  pthread_mutex_unlock(&mutex);
}
