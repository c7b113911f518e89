#include "measure/theory.h"

#include "measure/histogram.h"

#include <math.h>

/* Standard errors within which a normal value lies: 95 % and 99.9 %. */
static const double usual_errors = 1.960, rare_errors = 3.291;

/* Squared standard error of a mean, in us. */
static double
squared_error(const struct histogram *histogram, uint64_t messages)
{
    double deviation_us = histogram_deviation(histogram) / 1e3;
    return deviation_us * deviation_us / (double)messages;
}

bool
theory_of_polling(const struct polling *polling, struct polling_theory *theory)
{
    if (!histogram_count(polling->latency) ||
        !histogram_count(polling->publish) || !polling->messages)
        return false;
    double error_us = sqrt(squared_error(polling->latency, polling->messages) +
                           squared_error(polling->publish, polling->messages));
    theory->measured_us = histogram_mean(polling->latency) / 1e3;
    theory->expected_us =
        polling->interval_us / 2 + histogram_mean(polling->publish) / 1e3;
    double off_us = fabs(theory->measured_us - theory->expected_us);
    double anywhere_us = polling->is_poisson ? 0 : polling->interval_us / 2;
    theory->uncertain_us = usual_errors * error_us + anywhere_us;
    theory->agrees = off_us <= rare_errors * error_us + anywhere_us;
    return true;
}

/* How many of N values lie below the true quantile is binomial; one more must
 * be counted to reach the first that does not. */
void
theory_of_quantile(double share, uint64_t n, double *low, double *high)
{
    *low = 0;
    *high = 1;
    if (!n)
        return;
    double half = usual_errors * sqrt(share * (1 - share) / (double)n);
    *low = fmax(share - half, 0);
    *high = fmin(share + half + 1 / (double)n, 1);
}
