import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { describeCodecLaw } from '../support/codecs.ts';

describeCodecLaw(openAiResponses);
