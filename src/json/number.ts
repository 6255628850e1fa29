/** The character does not belong to the number, and the number is whole without it. */
export const END_OF_NUMBER = -1;
/** The character does not belong to the number, and the number lacks something. */
export const NO_NUMBER = -2;

// Places, each with a sample; the caret stands before the character that is read next.
const START = 0; //             ^-12.5e+3
const AFTER_MINUS = 1; //       -^1
const AFTER_ZERO = 2; //        0^.5    (01 is two tokens, and so no JSON)
const IN_INTEGER = 3; //        1^2
const AFTER_POINT = 4; //       1.^5
const IN_FRACTION = 5; //       1.5^0
const AFTER_E = 6; //           1e^+3
const AFTER_SIGN = 7; //        1e+^3
const IN_EXPONENT = 8; //       1e+3^0

/**
 * One step through a number: its place after this character, or a negative verdict. Start at place 0.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-6
 */
export function numberStep(place: number, code: number): number {
  const isDigit = code >= 0x30 && code <= 0x39;
  switch (place) {
    case START:
      if (code === 0x2d /* - */) return AFTER_MINUS;
      return code === 0x30 ? AFTER_ZERO : isDigit ? IN_INTEGER : NO_NUMBER;
    case AFTER_MINUS:
      return code === 0x30 ? AFTER_ZERO : isDigit ? IN_INTEGER : NO_NUMBER;
    case IN_INTEGER:
      if (isDigit) return IN_INTEGER;
      return afterInteger(code);
    case AFTER_ZERO:
      return afterInteger(code);
    case AFTER_POINT:
      return isDigit ? IN_FRACTION : NO_NUMBER;
    case IN_FRACTION:
      if (isDigit) return IN_FRACTION;
      return isExponentMark(code) ? AFTER_E : END_OF_NUMBER;
    case AFTER_E:
      if (code === 0x2b /* + */ || code === 0x2d /* - */) return AFTER_SIGN;
      return isDigit ? IN_EXPONENT : NO_NUMBER;
    case AFTER_SIGN:
      return isDigit ? IN_EXPONENT : NO_NUMBER;
    default:
      return isDigit ? IN_EXPONENT : END_OF_NUMBER;
  }
}

function afterInteger(code: number): number {
  if (code === 0x2e /* . */) return AFTER_POINT;
  return isExponentMark(code) ? AFTER_E : END_OF_NUMBER;
}

function isExponentMark(code: number): boolean {
  return code === 0x65 /* e */ || code === 0x45 /* E */;
}
