//===- DecoderReference.h - The fake decoder, again -------------*- C++ -*-===//

#ifndef QOPT_TEST_RUNTIME_DECODERREFERENCE_H
#define QOPT_TEST_RUNTIME_DECODERREFERENCE_H

#include "test/runtime/FakeDecoder.h"

#include <vector>

namespace qopt::test {

struct Step {
  int64_t token = 0;
  int64_t position = 0;
  bool mask = true;
};

/// Rows of time steps, all of one length.
using History = std::vector<std::vector<Step>>;

/// Logits [batch, steps from `first` on, vocabulary]; token v has the weight
/// (v + 1) * scale.
inline std::vector<float> referenceLogits(const History &history, size_t first,
                                          float scale = 1) {
  std::vector<float> logits;
  for (const std::vector<Step> &row : history)
    for (size_t last = first; last < row.size(); ++last) {
      float keys = 0, values = 0;
      for (size_t t = 0; t <= last; ++t)
        for (int layer = 0; row[t].mask && layer < FAKE_LAYERS; ++layer)
          for (int head = 0; head < FAKE_HEADS; ++head) {
            for (int d = 0; d < FAKE_KEY_DIM; ++d)
              keys += fakeKey(row[t].token, row[t].position, layer, head, d);
            for (int d = 0; d < FAKE_VALUE_DIM; ++d)
              values +=
                  fakeValue(row[t].token, row[t].position, layer, head, d);
          }
      for (int v = 0; v < FAKE_VOCABULARY; ++v)
        logits.push_back(keys * scale * static_cast<float>(v + 1) + values);
    }
  return logits;
}

/// Keys or values of a layer, [batch, heads, the first `steps`, dim].
inline std::vector<float> referenceCache(const History &history, int layer,
                                         bool isKey, size_t steps) {
  std::vector<float> result;
  for (const std::vector<Step> &row : history)
    for (int head = 0; head < FAKE_HEADS; ++head)
      for (size_t t = 0; t < steps; ++t)
        for (int d = 0; d < (isKey ? FAKE_KEY_DIM : FAKE_VALUE_DIM); ++d)
          result.push_back(
              isKey ? fakeKey(row[t].token, row[t].position, layer, head, d)
                    : fakeValue(row[t].token, row[t].position, layer, head, d));
  return result;
}

/// `batch` rows of `steps` tokens with the positions that the runtime gives;
/// `padding(row, t)` says what is masked.
template <typename Padding>
History makeHistory(int64_t batch, int64_t steps, Padding padding) {
  History history(batch);
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t t = 0, before = 0; t < steps; ++t) {
      bool mask = !padding(row, t);
      history[row].push_back({(7 * row + 3 * t + 1) % 11, before, mask});
      before += mask;
    }
  return history;
}

inline bool noPadding(int64_t, int64_t) { return false; }

} // namespace qopt::test

#endif // QOPT_TEST_RUNTIME_DECODERREFERENCE_H
