using System.Security.Cryptography;

namespace Becket.DevS3.Payloads;

/// <summary>
/// A running checksum of the kinds that S3 takes in <c>x-amz-checksum-*</c> headers and trailers. Bytes are appended in
/// order; <see cref="Finish"/> ends it. (Amazon S3 User Guide, "Checking object integrity".)
/// </summary>
internal abstract class Checksum : IDisposable
{
    public const string HeaderPrefix = "x-amz-checksum-";

    /// <summary>Starts a checksum by the name its header ends in; null for a name that S3 does not know.</summary>
    public static Checksum? Start(string algorithm) => algorithm.ToLowerInvariant() switch
    {
        "crc32" => new CrcChecksum(ReflectedCrc.Crc32),
        "crc32c" => new CrcChecksum(ReflectedCrc.Crc32C),
        "crc64nvme" => new CrcChecksum(ReflectedCrc.Crc64Nvme),
        "sha1" => new HashChecksum(HashAlgorithmName.SHA1),
        "sha256" => new HashChecksum(HashAlgorithmName.SHA256),
        _ => null,
    };

    public abstract void Append(ReadOnlySpan<byte> data);

    public abstract byte[] Finish();

    public virtual void Dispose()
    {
    }

    private sealed class CrcChecksum(ReflectedCrc crc) : Checksum
    {
        private ulong _state = crc.Start;

        public override void Append(ReadOnlySpan<byte> data) => _state = crc.Append(_state, data);

        public override byte[] Finish() => crc.Finish(_state);
    }

    private sealed class HashChecksum(HashAlgorithmName algorithm) : Checksum
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(algorithm);

        public override void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

        public override byte[] Finish() => _hash.GetHashAndReset();

        public override void Dispose()
        {
            _hash.Dispose();
            base.Dispose();
        }
    }
}
