/* The chip's temperature sensor. */
#ifndef TEMPERATURE_H
#define TEMPERATURE_H

/* To be called often, from a task: reads every ten seconds and calls hal_temperature(). Does
 * nothing on a chip without a sensor. */
void temperature_poll(void);

#endif
