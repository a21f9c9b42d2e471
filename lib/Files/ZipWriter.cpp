//===- ZipWriter.cpp - A zip archive of stored members --------------------===//

#include "lib/Files/Zip.h"

#include "llvm/Support/EndianStream.h"
#include <zlib.h>

using namespace llvm;

namespace qopt {

static constexpr uint32_t limit = 0xffffffff;
static constexpr uint16_t firstDay = 1 << 5 | 1; // 1980-01-01

namespace {
using Writer = support::endian::Writer;
} // namespace

static uint32_t clamp(uint64_t value) {
  return value < limit ? uint32_t(value) : limit;
}

/// What local and central headers have in common, from the version on.
static void writeCommon(Writer &writer, const ZipEntry &entry, bool isZip64,
                        uint16_t extraBytes) {
  writer.write<uint16_t>(isZip64 ? 45 : 20); // version needed
  writer.write<uint16_t>(0);                 // flags
  writer.write<uint16_t>(0);                 // stored
  writer.write<uint16_t>(0);                 // time
  writer.write<uint16_t>(firstDay);
  writer.write<uint32_t>(entry.crc);
  // A local header with zip64 has both sizes there.
  writer.write<uint32_t>(isZip64 ? limit : uint32_t(entry.bytes));
  writer.write<uint32_t>(isZip64 ? limit : uint32_t(entry.bytes));
  writer.write<uint16_t>(entry.name.size());
  writer.write<uint16_t>(extraBytes);
}

void ZipWriter::add(StringRef name, ArrayRef<StringRef> parts) {
  ZipEntry entry;
  entry.name = name.str();
  entry.offset = offset;
  uLong crc = crc32_z(0, nullptr, 0);
  for (StringRef part : parts) {
    // A null pointer would reset the checksum.
    if (!part.empty())
      crc = crc32_z(crc, reinterpret_cast<const Bytef *>(part.data()),
                    part.size());
    entry.bytes += part.size();
  }
  entry.crc = uint32_t(crc);

  bool isZip64 = entry.bytes >= limit;
  Writer writer(os, llvm::endianness::little);
  os << "PK\x03\x04";
  writeCommon(writer, entry, isZip64, isZip64 ? 20 : 0);
  os << entry.name;
  if (isZip64) {
    writer.write<uint16_t>(1);
    writer.write<uint16_t>(16);
    writer.write<uint64_t>(entry.bytes);
    writer.write<uint64_t>(entry.bytes);
  }
  for (StringRef part : parts)
    os << part;
  offset += 30 + entry.name.size() + (isZip64 ? 20 : 0) + entry.bytes;
  entries.push_back(std::move(entry));
}

void ZipWriter::finish() {
  Writer writer(os, llvm::endianness::little);
  uint64_t directoryBytes = 0;
  for (const ZipEntry &entry : entries) {
    bool largeSize = entry.bytes >= limit, largeOffset = entry.offset >= limit;
    uint16_t fieldBytes = (largeSize ? 16 : 0) + (largeOffset ? 8 : 0);
    uint16_t extraBytes = fieldBytes ? fieldBytes + 4 : 0;
    os << "PK\x01\x02";
    writer.write<uint16_t>(3 << 8 | 45); // made on Unix
    writeCommon(writer, entry, largeSize, extraBytes);
    writer.write<uint16_t>(0);               // comment
    writer.write<uint16_t>(0);               // disk
    writer.write<uint16_t>(0);               // internal attributes
    writer.write<uint32_t>(0100644u << 16u); // a regular file, rw-r--r--
    writer.write<uint32_t>(clamp(entry.offset));
    os << entry.name;
    if (fieldBytes) {
      writer.write<uint16_t>(1);
      writer.write<uint16_t>(fieldBytes);
      if (largeSize) {
        writer.write<uint64_t>(entry.bytes);
        writer.write<uint64_t>(entry.bytes);
      }
      if (largeOffset)
        writer.write<uint64_t>(entry.offset);
    }
    directoryBytes += 46 + entry.name.size() + extraBytes;
  }

  uint64_t count = entries.size();
  if (offset >= limit || directoryBytes >= limit || count >= 0xffff) {
    os << "PK\x06\x06";
    writer.write<uint64_t>(44); // bytes that follow
    writer.write<uint16_t>(45);
    writer.write<uint16_t>(45);
    writer.write<uint32_t>(0);
    writer.write<uint32_t>(0);
    writer.write<uint64_t>(count);
    writer.write<uint64_t>(count);
    writer.write<uint64_t>(directoryBytes);
    writer.write<uint64_t>(offset);
    os << "PK\x06\x07";
    writer.write<uint32_t>(0);
    writer.write<uint64_t>(offset + directoryBytes);
    writer.write<uint32_t>(1);
  }
  uint16_t shortCount = count < 0xffff ? uint16_t(count) : 0xffff;
  os << "PK\x05\x06";
  writer.write<uint16_t>(0);
  writer.write<uint16_t>(0);
  writer.write<uint16_t>(shortCount);
  writer.write<uint16_t>(shortCount);
  writer.write<uint32_t>(clamp(directoryBytes));
  writer.write<uint32_t>(clamp(offset));
  writer.write<uint16_t>(0);
}

} // namespace qopt
