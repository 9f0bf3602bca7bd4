/* The chip's own thermometer, read now and then. Must not know who wants it. */
#ifndef TEMPERATURE_H
#define TEMPERATURE_H

/* From a task, often: reads every ten seconds and tells the HAL. Does nothing on a chip without
 * one. */
void temperature_poll(void);

#endif
