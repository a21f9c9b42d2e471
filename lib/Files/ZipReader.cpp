//===- ZipReader.cpp - Members of a zip archive ---------------------------===//

#include "lib/Files/Zip.h"

#include "llvm/Support/Endian.h"
#include <climits>
#include <zlib.h>

using namespace llvm;

namespace qopt {

static Error invalid(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {

/// Little-endian numbers of a part of the archive. The caller has checked that
/// they lie inside.
struct Fields {
  StringRef bytes;
  uint16_t u16(size_t at) const {
    return support::endian::read16le(bytes.data() + at);
  }
  uint32_t u32(size_t at) const {
    return support::endian::read32le(bytes.data() + at);
  }
  uint64_t u64(size_t at) const {
    return support::endian::read64le(bytes.data() + at);
  }
};

/// Where the central directory lies.
struct Directory {
  uint64_t entries, bytes, offset;
};

} // namespace

static constexpr size_t endBytes = 22, locatorBytes = 20, end64Bytes = 56,
                        centralBytes = 46, localBytes = 30;

/// The record at the very end but for a comment of at most 64 KiB.
static Expected<Directory> findDirectory(StringRef archive) {
  size_t at = archive.rfind("PK\x05\x06");
  while (at != StringRef::npos && archive.size() - at < endBytes)
    at = archive.take_front(at).rfind("PK\x05\x06");
  if (at == StringRef::npos || archive.size() - at > endBytes + 0xffff)
    return invalid("not a zip archive, or cut off");
  Fields end{archive.substr(at, endBytes)};
  Directory directory{end.u16(10), end.u32(12), end.u32(16)};
  bool isZip64 = directory.entries == 0xffff || directory.bytes == 0xffffffff ||
                 directory.offset == 0xffffffff;
  if (isZip64 && at >= locatorBytes &&
      archive.substr(at - locatorBytes).starts_with("PK\x06\x07")) {
    uint64_t at64 = Fields{archive.substr(at - locatorBytes)}.u64(8);
    if (at64 > archive.size() || archive.size() - at64 < end64Bytes ||
        !archive.substr(at64).starts_with("PK\x06\x06"))
      return invalid("the end record of the zip archive is damaged");
    Fields end64{archive.substr(at64, end64Bytes)};
    directory = {end64.u64(32), end64.u64(40), end64.u64(48)};
  }
  if (directory.offset > archive.size() ||
      directory.bytes > archive.size() - directory.offset ||
      directory.entries > directory.bytes / centralBytes)
    return invalid("the directory of the zip archive is damaged");
  return directory;
}

/// Replaces the sizes that are all ones by those of the zip64 extra field.
static Error readZip64(StringRef extra, ZipEntry &entry) {
  while (extra.size() >= 4) {
    Fields fields{extra};
    size_t length = fields.u16(2);
    if (length > extra.size() - 4)
      break;
    StringRef body = extra.substr(4, length);
    if (fields.u16(0) == 1) {
      for (uint64_t *value :
           {&entry.bytes, &entry.compressedBytes, &entry.offset}) {
        if (*value != 0xffffffff)
          continue;
        if (body.size() < 8)
          return invalid("the zip64 field of '" + entry.name + "' is cut off");
        *value = Fields{body}.u64(0);
        body = body.drop_front(8);
      }
      break;
    }
    extra = extra.drop_front(4 + length);
  }
  return Error::success();
}

Expected<std::vector<ZipEntry>> readZipDirectory(StringRef archive) {
  Expected<Directory> directory = findDirectory(archive);
  if (!directory)
    return directory.takeError();
  StringRef rest = archive.substr(directory->offset, directory->bytes);
  std::vector<ZipEntry> entries;
  for (uint64_t i = 0; i != directory->entries; ++i) {
    if (rest.size() < centralBytes || !rest.starts_with("PK\x01\x02"))
      return invalid("the directory of the zip archive is damaged");
    Fields fields{rest};
    size_t name = fields.u16(28), extra = fields.u16(30),
           comment = fields.u16(32);
    if (rest.size() - centralBytes < name + extra + comment)
      return invalid("the directory of the zip archive is damaged");
    ZipEntry entry;
    entry.name = rest.substr(centralBytes, name).str();
    entry.flags = fields.u16(8);
    entry.method = fields.u16(10);
    entry.crc = fields.u32(16);
    entry.compressedBytes = fields.u32(20);
    entry.bytes = fields.u32(24);
    entry.offset = fields.u32(42);
    if (Error error = readZip64(rest.substr(centralBytes + name, extra), entry))
      return error;
    entries.push_back(std::move(entry));
    rest = rest.drop_front(centralBytes + name + extra + comment);
  }
  return entries;
}

/// The compressed bytes of a member.
static Expected<StringRef> findContents(StringRef archive,
                                        const ZipEntry &entry) {
  if (entry.offset > archive.size() ||
      archive.size() - entry.offset < localBytes ||
      !archive.substr(entry.offset).starts_with("PK\x03\x04"))
    return invalid("the local header is damaged");
  StringRef rest = archive.substr(entry.offset);
  Fields fields{rest};
  size_t start = localBytes + fields.u16(26) + fields.u16(28);
  if (start > rest.size() || entry.compressedBytes > rest.size() - start)
    return invalid("the contents are cut off");
  return rest.substr(start, entry.compressedBytes);
}

static Error inflateTo(StringRef compressed, WritableMemoryBuffer &out) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) // no zlib header in a zip
    return invalid("zlib cannot be initialised");
  // zlib counts in 32 bits.
  const char *in = compressed.data(), *inEnd = compressed.end();
  char *to = out.getBufferStart(), *outEnd = out.getBufferEnd();
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(in));
    stream.avail_in = std::min<size_t>(inEnd - in, INT_MAX);
    stream.next_out = reinterpret_cast<Bytef *>(to);
    stream.avail_out = std::min<size_t>(outEnd - to, INT_MAX);
    status = inflate(&stream, Z_NO_FLUSH);
    in = reinterpret_cast<const char *>(stream.next_in);
    to = reinterpret_cast<char *>(stream.next_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || to != outEnd)
    return invalid("the compressed contents are damaged");
  return Error::success();
}

static uint32_t computeChecksum(StringRef bytes) {
  return crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()),
                 bytes.size());
}

Expected<StringRef> readZipEntry(StringRef archive, const ZipEntry &entry,
                                 std::unique_ptr<MemoryBuffer> &storage) {
  if (entry.flags & 1)
    return invalid("encrypted contents are not supported");
  Expected<StringRef> contents = findContents(archive, entry);
  if (!contents)
    return contents.takeError();
  if (entry.method == 8) {
    // Deflate makes at most 1032 bytes of one: a larger claim is no reason to
    // ask for the memory.
    if (entry.bytes / 1032 > entry.compressedBytes)
      return invalid("the compressed contents are damaged");
    auto buffer =
        WritableMemoryBuffer::getNewUninitMemBuffer(entry.bytes, entry.name);
    if (!buffer)
      return createStringError(std::errc::not_enough_memory,
                               "not enough memory for the contents");
    if (Error error = inflateTo(*contents, *buffer))
      return error;
    contents = StringRef(buffer->getBufferStart(), buffer->getBufferSize());
    storage = std::move(buffer);
  } else if (entry.method != 0) {
    return invalid("unknown compression method " + Twine(entry.method));
  }
  if (contents->size() != entry.bytes)
    return invalid("the size differs from the directory's");
  if (computeChecksum(*contents) != entry.crc)
    return invalid("the checksum differs from the directory's");
  return contents;
}

} // namespace qopt
