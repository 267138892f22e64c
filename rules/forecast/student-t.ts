/** Halvings of the interval that the quantile is sought in: beyond this a double has no more digits. */
const HALVINGS = 60;

/** P(|T| ≤ √ν · tan θ) of Student's t with ν degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4, finite for whole ν). */
function central(theta: number, degreesOfFreedom: number): number {
  const cos = Math.cos(theta);
  const odd = degreesOfFreedom % 2 === 1;
  let term = odd ? cos : 1;
  let sum = degreesOfFreedom === 1 ? 0 : term;
  for (let k = odd ? 2 : 1; k <= degreesOfFreedom - 2; k += 2) {
    term *= (k / (k + 1)) * cos * cos;
    sum += term;
  }
  const series = Math.sin(theta) * sum;
  return odd ? (2 / Math.PI) * (theta + series) : series;
}

/** t that |T| stays below with this confidence (0 to 1), for whole degrees of freedom from 1. */
export function studentT(confidence: number, degreesOfFreedom: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (central(middle, degreesOfFreedom) < confidence) low = middle;
    else high = middle;
  }
  return Math.sqrt(degreesOfFreedom) * Math.tan((low + high) / 2);
}
