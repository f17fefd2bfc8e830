// Films by OpenCV's videoio, which is opened on first use. Included by COpenCV.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dp_film dp_film;

// Opens a file; `result` is to be closed by `dp_film_close`.
int dp_film_open(const char *path, dp_film **result, dp_message message);
// The next frame, three channels of 8 bits, blue green red; no frame and no failure at the end.
int dp_film_next(dp_film *film, dp_owned **result, dp_message message);
double dp_film_rate(const dp_film *film);    // frames a second; 0 where the file does not say
double dp_film_frames(const dp_film *film);  // about how many there are; 0 or less where the file does not say
void dp_film_close(dp_film *film);

#ifdef __cplusplus
}
#endif
