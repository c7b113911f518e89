/** Both rows of experiments, each in its place. */

import { card } from "./guess.js";
import { guesses } from "./guesses.js";
import { wrongs } from "./wrongs.js";

/** @param {{tap?: import("./tap.js").Tap, rest: Function}} surroundings */
export function buildExperiments(guessing, wrong, surroundings) {
    guessing.append(...guesses.map((one) => card(one, surroundings)));
    wrong.append(...wrongs.map((one) => card(one, surroundings)));
}
