using System.Globalization;
using System.Security.Cryptography;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Microsoft.Win32.SafeHandles;

namespace Becket.DevS3.Storage;

/// <summary>One part of an upload: a staged file, its ETag and when it came.</summary>
internal sealed record UploadedPart(int Number, StagedFile File, long Size, byte[] Md5, DateTimeOffset Modified) : IDisposable
{
    public string ETag => StagedFile.ETagOf(Md5);

    /// <summary>Opens the part to be read; the caller disposes it.</summary>
    public SafeFileHandle Open() => System.IO.File.OpenHandle(File.Path);

    public void Dispose() => File.Dispose();
}

/// <summary>
/// A multipart upload: parts that come in any order and from many connections, until it is completed or aborted. Safe to
/// call from many threads; disposing deletes the parts. Lives as long as the server, not longer.
/// </summary>
internal sealed class MultipartUpload(string id, string bucket, string key, ObjectAttributes attributes, DateTimeOffset started)
    : IDisposable
{
    private readonly SortedDictionary<int, UploadedPart> _parts = [];
    private bool _ended;

    public string Id => id;

    public string Bucket => bucket;

    public string Key => key;

    public ObjectAttributes Attributes => attributes;

    public DateTimeOffset Started => started;

    public IReadOnlyList<UploadedPart> Parts
    {
        get
        {
            lock (_parts)
                return [.. _parts.Values];
        }
    }

    /// <summary>Adds a part, or replaces the one of its number. Owns it from here on.</summary>
    /// <exception cref="S3Exception">NoSuchUpload: it ended meanwhile.</exception>
    public void Add(UploadedPart part)
    {
        lock (_parts)
        {
            if (_ended)
            {
                part.Dispose();
                throw S3Error.NoSuchUpload.ToException().With("UploadId", id);
            }
            if (_parts.Remove(part.Number, out UploadedPart? replaced))
                replaced.Dispose();
            _parts.Add(part.Number, part);
        }
    }

    /// <summary>The parts of the list that completes the upload.</summary>
    /// <exception cref="S3Exception">The list is out of order, names parts that are not there, or one of them is too small.</exception>
    public IReadOnlyList<UploadedPart> Choose(IReadOnlyList<(int Number, string ETag)> list, long minimumPartSize)
    {
        if (list.Count == 0)
            throw S3Error.MalformedXml.Because("You must specify at least one part");
        var chosen = new List<UploadedPart>(list.Count);
        lock (_parts)
        {
            foreach ((int number, string etag) in list)
            {
                if (chosen.Count > 0 && number <= chosen[^1].Number)
                    throw S3Error.InvalidPartOrder.ToException();
                if (!_parts.TryGetValue(number, out UploadedPart? part) || part.ETag.Trim('"') != etag.Trim('"'))
                {
                    throw S3Error.InvalidPart.ToException()
                        .With("UploadId", id).With("PartNumber", number.ToString(CultureInfo.InvariantCulture)).With("ETag", etag);
                }
                if (chosen.Count > 0 && chosen[^1].Size < minimumPartSize)
                {
                    throw S3Error.EntityTooSmall.ToException()
                        .With("MinSizeAllowed", minimumPartSize.ToString(CultureInfo.InvariantCulture));
                }
                chosen.Add(part);
            }
        }
        return chosen;
    }

    /// <summary>The ETag of the whole: the MD5 of the parts' MD5s, and how many there are.</summary>
    public static string ETagOf(IReadOnlyList<UploadedPart> parts)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        foreach (UploadedPart part in parts)
            md5.AppendData(part.Md5);
        return $"\"{SignatureV4.Hex(md5.GetHashAndReset())}-{parts.Count}\"";
    }

    public void Dispose()
    {
        lock (_parts)
        {
            _ended = true;
            foreach (UploadedPart part in _parts.Values)
                part.Dispose();
            _parts.Clear();
        }
    }
}
