// Places, each with a sample; the caret stands before the character that is read next. Their order counts: those between tokens come first.
export const BEFORE_VALUE = 0; //          {"a":^1}    [1,^2]    ^1
export const BEFORE_FIRST_ITEM = 1; //     [^1]    [^]
export const BEFORE_FIRST_KEY = 2; //      {^"a":1}    {^}
export const BEFORE_KEY = 3; //            {"a":1,^"b":2}
export const AFTER_KEY = 4; //             {"a"^:1}
export const AFTER_ITEM = 5; //            [1^ ,2]
export const AFTER_MEMBER = 6; //          {"a":1^ ,"b":2}
export const AFTER_ALL = 7; //             {"a":1}^
export const IN_STRING = 8; //             "ab^cd"
export const AFTER_BACKSLASH = 9; //       "\^n"
export const IN_HEX = 10; //               "\u0^041"
export const IN_LITERAL = 11; //           tr^ue
export const IN_NUMBER = 12; //            1^2
export const BROKEN = 13; //               [1,^]

/** What fits in a place, for whoever has to be told. */
export const WHAT_FITS = [
  'a value',
  "a value or ']'",
  "a key in double quotes or '}'",
  'a key in double quotes',
  "':'",
  "',' or ']'",
  "',' or '}'",
  'the end of the text',
  'no control character in a string (write it as an escape)',
  'one of "\\/bfnrtu after a backslash',
  'a hexadecimal digit',
];
