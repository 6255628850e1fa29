import { type Fixture, type FixtureBlock, LLMock } from '@copilotkit/aimock';

export const WEATHER_AND_SUM = 'What is the weather in Tokyo and 15 + 27?';
export const FLIGHTS = 'Tìm chuyến bay SGN → HAN ngày 15/6';

const text = (words: string): FixtureBlock => ({ type: 'text', text: words });
const call = (name: string, args: object): FixtureBlock => ({ type: 'toolCall', name, arguments: JSON.stringify(args) });

/** Half a second of thought, then 40 pieces a second, unevenly: the pace of a hosted model. */
const pace = { streamingProfile: { ttft: 400, tps: 40, jitter: 0.4 }, chunkSize: 4 };

/** One response of the model: the first of a question, or the one after the tools' results. */
function response(question: string, afterTools: boolean, blocks: FixtureBlock[]): Fixture {
  return { match: { userMessage: question, hasToolResult: afterTools }, response: { blocks }, ...pace };
}

const script: Fixture[] = [
  response(WEATHER_AND_SUM, false, [
    text('I will look up the weather and do the sum at the same time.'),
    call('get_weather', { location: 'Tokyo' }),
    call('calculate', { expression: '15 + 27' }),
  ]),
  response(WEATHER_AND_SUM, true, [text('In Tokyo it is 22 °C under a clear sky, with 58 % humidity. And 15 + 27 = 42.')]),
  response(FLIGHTS, false, [
    text('Tôi tìm ngay.\n'),
    call('search_flights', { from: 'SGN', to: 'HAN', date: '15/06' }),
    // Text after the call: it confirms that the call is whole, so the tool starts here and the model goes on writing.
    text(
      'Trong lúc các hãng trả lời, vài điều nên biết: chặng Tân Sơn Nhất (SGN) đến Nội Bài (HAN) bay khoảng hai giờ mười phút, ' +
        'nên có mặt ở sân bay trước giờ khởi hành ít nhất chín mươi phút. Giữa tháng Sáu là mùa cao điểm: ' +
        'chuyến sáng sớm và chuyến khuya thường rẻ hơn, còn chuyến cuối ngày hay bị chậm vì mưa dông ở Hà Nội. ' +
        'Nhớ mang theo căn cước công dân hoặc hộ chiếu còn hạn.',
    ),
  ]),
  response(FLIGHTS, true, [
    text(
      'Tìm thấy sáu chuyến. Rẻ nhất là VJ 198 lúc 22:10, giá 790.000 ₫. Nếu muốn bay buổi sáng, ' +
        'VJ 122 lúc 05:45 giá 890.000 ₫; còn VN 208 lúc 07:00 là chuyến của Vietnam Airlines, giá 1.690.000 ₫.',
    ),
  ]),
];

/** A model server in this process: real HTTP on loopback, real streaming, scripted words. */
export async function startModelServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = new LLMock({ port: 0, host: '127.0.0.1' });
  server.addFixtures(script);
  await server.start();
  return { url: `${server.url}/v1`, stop: () => server.stop() };
}
