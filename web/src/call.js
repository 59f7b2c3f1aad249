// SPDX-License-Identifier: Apache-2.0
// A request of the API with a body of JSON. Status 0: nothing answers.
export const call = async (verb, url, body, headers = {}) => {
  try {
    const answer = await fetch(url, { method: verb, headers: body ? { 'Content-Type': 'application/json', ...headers } : headers, body: body && JSON.stringify(body) });
    return { status: answer.status, ok: answer.ok, etag: answer.headers.get('ETag'), body: answer.status === 204 ? {} : await answer.json() };
  } catch { return { status: 0, ok: false, etag: null, body: {} }; }
};
