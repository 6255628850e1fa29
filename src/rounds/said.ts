import { JoinedText } from '../joined-text.ts';

/** The texts of an answer, as `AnswerState` names them. */
export type SaidKind = 'text' | 'reasoning' | 'refusal';

/** What an answer says, or a round of it: texts that grow piece by piece. */
export class Said {
  private readonly texts: { [Kind in SaidKind]?: JoinedText } = {};

  /** @returns all of that kind so far. */
  add(kind: SaidKind, piece: string): string {
    this.texts[kind] ??= new JoinedText();
    this.texts[kind].append(piece);
    return this.texts[kind].toString();
  }

  /** All of that kind so far. */
  of(kind: SaidKind): string {
    return this.texts[kind]?.toString() ?? '';
  }
}
