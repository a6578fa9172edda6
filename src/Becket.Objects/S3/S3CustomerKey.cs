using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Becket.Objects.S3;

/// <summary>
/// A customer's own key for objects that the store encrypts with it (SSE-C, AES-256). It travels with every request, so
/// it is only sent over https or to this machine. Not a record: it must never print itself.
/// </summary>
public sealed class S3CustomerKey
{
    private const int KeyBytes = 32;

    [SuppressMessage("Security", "CA5351", Justification = "S3 wants the MD5 of the key as a checksum of its transmission.")]
    public S3CustomerKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
            throw new ArgumentException("an SSE-C key has 32 bytes", nameof(key));
        KeyBase64 = Convert.ToBase64String(key);
        Md5Base64 = Convert.ToBase64String(MD5.HashData(key));
    }

    /// <summary>The key as it is sent.</summary>
    internal string KeyBase64 { get; }

    /// <summary>The key's MD5 as it is sent.</summary>
    internal string Md5Base64 { get; }

    /// <summary>Reads a key from a file: 32 raw bytes, or their base64 with or without a line end.</summary>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.Invalid"/>: no such file, or no such key in it.</exception>
    public static S3CustomerKey ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ObjectStoreException(ObjectStoreError.Invalid, $"the SSE-C key file '{path}' cannot be read: {e.Message}", e);
        }

        if (bytes.Length == KeyBytes)
            return new S3CustomerKey(bytes);

        Span<byte> key = stackalloc byte[KeyBytes];
        var text = bytes.AsSpan().Trim("\r\n\t "u8);
        if (Base64.DecodeFromUtf8(text, key, out var read, out var written) == OperationStatus.Done
            && (read, written) == (text.Length, KeyBytes))
        {
            return new S3CustomerKey(key);
        }
        throw new ObjectStoreException(
            ObjectStoreError.Invalid, $"the SSE-C key file '{path}' holds neither 32 bytes nor the base64 of 32 bytes");
    }
}
