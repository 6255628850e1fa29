import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { describeCodecLaw } from '../support/codecs.ts';

describeCodecLaw(anthropicMessages);
