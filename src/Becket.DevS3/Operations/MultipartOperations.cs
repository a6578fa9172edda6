using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;
using Becket.DevS3.Payloads;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Win32.SafeHandles;

namespace Becket.DevS3.Operations;

/// <summary>
/// CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload, ListParts and
/// ListMultipartUploads. An upload is no object before it is completed.
/// </summary>
internal sealed class MultipartOperations(
    DevS3Options options, ServedFolder folder, BucketFolders buckets, ObjectFiles objects, MultipartUploads uploads)
{
    private const int MaximumParts = 10_000;

    public Task CreateAsync(S3Request request)
    {
        MultipartUpload upload = uploads.Start(request.Bucket, request.Key, ObjectHeaders.FromRequest(request));
        return S3Xml.SendAsync(request, "InitiateMultipartUploadResult", xml =>
        {
            xml.WriteElementString("Bucket", upload.Bucket);
            xml.WriteElementString("Key", upload.Key);
            xml.WriteElementString("UploadId", upload.Id);
        });
    }

    public async Task UploadPartAsync(S3Request request, Caller caller)
    {
        MultipartUpload upload = uploads.Require(request);
        int number = PartNumber(request);
        var staged = new StagedFile(folder);
        try
        {
            var payload = new RequestPayload(request, caller);
            ReceivedPayload received = await payload.ReceiveAsync(staged.Stream, ChecksumOf.Body, request.Aborted);
            if (received.ChecksumHeader is { } checksum)
                request.Http.Response.Headers[checksum.Key] = checksum.Value;
            request.Http.Response.Headers.ETag = Add(upload, number, staged, received.Length, received.Md5).ETag;
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    public async Task CopyPartAsync(S3Request request, CopySource source)
    {
        MultipartUpload upload = uploads.Require(request);
        int number = PartNumber(request);
        using OpenObject open = source.Open(request, objects);
        (long offset, long length) = CopySource.Range(request, open.Object);

        var staged = new StagedFile(folder);
        try
        {
            using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
            await staged.AppendAsync(open.Handle, offset, length, md5.AppendData, request.Aborted);
            if (open.WasChanged)
                throw S3Error.InternalError.Because($"The file of '{source.Key}' was written to while it was copied");
            UploadedPart part = Add(upload, number, staged, length, md5.GetHashAndReset());
            await S3Xml.SendAsync(request, "CopyPartResult", xml =>
            {
                xml.WriteElementString("ETag", part.ETag);
                xml.WriteTime("LastModified", part.Modified);
            });
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    public async Task CompleteAsync(S3Request request, Caller caller)
    {
        MultipartUpload upload = uploads.Require(request);
        WriteCondition condition = WriteCondition.Of(request);
        using var body = new MemoryStream();
        // A checksum header here speaks of the object, not of this list of parts.
        await new RequestPayload(request, caller).ReceiveAsync(body, ChecksumOf.Object, request.Aborted);
        body.Position = 0;
        IReadOnlyList<UploadedPart> parts = upload.Choose(ReadPartList(body), options.MinimumPartSize);

        using var staged = new StagedFile(folder);
        foreach (UploadedPart part in parts)
        {
            using SafeFileHandle file = part.Open();
            await staged.AppendAsync(file, 0, part.Size, static _ => { }, request.Aborted);
        }
        StoredObject stored = objects.Commit(
            upload.Bucket, upload.Key, staged, MultipartUpload.ETagOf(parts),
            upload.Attributes with { PartSizes = [.. parts.Select(p => p.Size)] }, condition);
        uploads.End(upload);

        await S3Xml.SendAsync(request, "CompleteMultipartUploadResult", xml =>
        {
            xml.WriteElementString("Location", $"http://{request.Http.Request.Host}/{upload.Bucket}/{PercentCode.EncodePath(upload.Key)}");
            xml.WriteElementString("Bucket", upload.Bucket);
            xml.WriteElementString("Key", upload.Key);
            xml.WriteElementString("ETag", stored.ETag);
        });
    }

    public Task AbortAsync(S3Request request)
    {
        uploads.End(uploads.Require(request));
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    public Task ListPartsAsync(S3Request request)
    {
        MultipartUpload upload = uploads.Require(request);
        int after = QueryNumber.Of(request, "part-number-marker", 0, int.MaxValue);
        int maximum = QueryNumber.Of(request, "max-parts", 1000, 1000);
        var rest = upload.Parts.Where(p => p.Number > after).ToList();
        var page = rest.Take(maximum).ToList();
        return S3Xml.SendAsync(request, "ListPartsResult", xml =>
        {
            xml.WriteElementString("Bucket", upload.Bucket);
            xml.WriteElementString("Key", upload.Key);
            xml.WriteElementString("UploadId", upload.Id);
            xml.WriteNumber("PartNumberMarker", after);
            xml.WriteNumber("NextPartNumberMarker", page.Count == 0 ? after : page[^1].Number);
            xml.WriteNumber("MaxParts", maximum);
            xml.WriteElementString("IsTruncated", page.Count < rest.Count ? "true" : "false");
            foreach (UploadedPart part in page)
            {
                xml.WriteStartElement("Part");
                xml.WriteNumber("PartNumber", part.Number);
                xml.WriteTime("LastModified", part.Modified);
                xml.WriteElementString("ETag", part.ETag);
                xml.WriteNumber("Size", part.Size);
                xml.WriteEndElement();
            }
        });
    }

    public Task ListUploadsAsync(S3Request request)
    {
        buckets.Require(request.Bucket);
        string prefix = request.Query["prefix"] ?? "";
        IReadOnlyList<MultipartUpload> listed = uploads.List(request.Bucket, prefix);
        return S3Xml.SendAsync(request, "ListMultipartUploadsResult", xml =>
        {
            xml.WriteElementString("Bucket", request.Bucket);
            xml.WriteElementString("Prefix", prefix);
            xml.WriteNumber("MaxUploads", Math.Max(1000, listed.Count));
            xml.WriteElementString("IsTruncated", "false");
            foreach (MultipartUpload upload in listed)
            {
                xml.WriteStartElement("Upload");
                xml.WriteElementString("Key", upload.Key);
                xml.WriteElementString("UploadId", upload.Id);
                xml.WriteTime("Initiated", upload.Started);
                xml.WriteEndElement();
            }
        });
    }

    private UploadedPart Add(MultipartUpload upload, int number, StagedFile staged, long size, byte[] md5)
    {
        // Closed, not kept open: an upload may have more parts than a process may have files.
        staged.Stream.Dispose();
        var part = new UploadedPart(number, staged, size, md5, options.Time.GetUtcNow());
        upload.Add(part);
        return part;
    }

    private static int PartNumber(S3Request request) => QueryNumber.Of(request, "partNumber", 0, MaximumParts) is > 0 and int number
        ? number
        : throw S3Error.InvalidArgument.Because("Part number must be an integer between 1 and 10000, inclusive");

    private static List<(int Number, string ETag)> ReadPartList(Stream body)
    {
        var list = new List<(int, string)>();
        foreach (XElement part in S3Xml.Read(body, "CompleteMultipartUpload").Elements().Where(e => e.Name.LocalName == "Part"))
        {
            if (!int.TryParse(part.Child("PartNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                || part.Child("ETag") is not { } etag)
            {
                throw S3Error.MalformedXml.ToException();
            }
            list.Add((number, etag));
        }
        return list;
    }
}
