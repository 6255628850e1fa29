import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { describeCodecLaw } from '../support/codecs.ts';

describeCodecLaw(openAiChat);
