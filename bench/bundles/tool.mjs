// The one tool of all bundles. The Standard Schema is written out, so that no validator's size is counted for anyone.
export const execute = async ({ city }) => `31 °C in ${city}`;

export const jsonSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

export const standard = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => (typeof value?.city === 'string' ? { value } : { issues: [{ message: 'expected a city' }] }),
    jsonSchema: { input: () => jsonSchema },
  },
};
