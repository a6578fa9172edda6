using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Becket.Objects;

namespace Becket.Verifying;

/// <summary>
/// A checksum of bytes that are appended in order. <see cref="Take"/> gives it, in the order in which S3 writes it, and begins the
/// next one. For one thread at a time.
/// </summary>
internal abstract class RunningDigest : IDisposable
{
    public static RunningDigest Start(ChecksumKind kind) => kind switch
    {
        ChecksumKind.Md5 => new Cryptographic(HashAlgorithmName.MD5),
        ChecksumKind.Sha1 => new Cryptographic(HashAlgorithmName.SHA1),
        ChecksumKind.Sha256 => new Cryptographic(HashAlgorithmName.SHA256),
        ChecksumKind.Crc32 => new PlainCrc32(),
        ChecksumKind.Crc32C => new Castagnoli(),
        ChecksumKind.Crc64Nvme => new Nvme(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public abstract void Append(ReadOnlySpan<byte> data);

    public abstract byte[] Take();

    public virtual void Dispose()
    {
    }

    private sealed class Cryptographic(HashAlgorithmName name) : RunningDigest
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(name);

        public override void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

        public override byte[] Take() => _hash.GetHashAndReset();

        public override void Dispose()
        {
            _hash.Dispose();
            base.Dispose();
        }
    }

    private sealed class PlainCrc32 : RunningDigest
    {
        private readonly Crc32 _crc = new();

        public override void Append(ReadOnlySpan<byte> data) => _crc.Append(data);

        public override byte[] Take()
        {
            var result = _crc.GetHashAndReset();
            result.AsSpan().Reverse(); // little-endian there
            return result;
        }
    }

    /// <summary>CRC-32C by the processor's own instruction, where it has one.</summary>
    private sealed class Castagnoli : RunningDigest
    {
        private uint _state = uint.MaxValue;

        public override void Append(ReadOnlySpan<byte> data)
        {
            var state = _state;
            var words = MemoryMarshal.Cast<byte, ulong>(data);
            foreach (var word in words)
                state = BitOperations.Crc32C(state, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
            foreach (var value in data[(words.Length * sizeof(ulong))..])
                state = BitOperations.Crc32C(state, value);
            _state = state;
        }

        public override byte[] Take()
        {
            var result = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(result, ~_state);
            _state = uint.MaxValue;
            return result;
        }
    }

    private sealed class Nvme : RunningDigest
    {
        private ulong _state = Crc64Nvme.Start;

        public override void Append(ReadOnlySpan<byte> data) => _state = Crc64Nvme.Append(_state, data);

        public override byte[] Take()
        {
            var result = Crc64Nvme.Finish(_state);
            _state = Crc64Nvme.Start;
            return result;
        }
    }
}
