using System.Security.Cryptography;
using System.Xml.Linq;
using Becket.DevS3.Payloads;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Operations;

/// <summary>PutObject, CopyObject, DeleteObject and DeleteObjects. An object appears whole, at once, or not at all.</summary>
internal sealed class ObjectWrites(ServedFolder folder, BucketFolders buckets, ObjectFiles objects)
{
    public async Task PutAsync(S3Request request, Caller caller)
    {
        WriteCondition condition = WriteCondition.Of(request);
        // Looked at before the body comes too: a loser need not send all of it. What counts is the look in Commit.
        condition.Check(objects.Find(request.Bucket, request.Key));

        using var staged = new StagedFile(folder);
        ReceivedPayload received = await new RequestPayload(request, caller).ReceiveAsync(staged.Stream, ChecksumOf.Body, request.Aborted);
        ObjectAttributes attributes = ObjectHeaders.FromRequest(request);
        HttpResponse response = request.Http.Response;
        if (received.ChecksumHeader is { } checksum)
        {
            attributes.Checksums.Add(checksum.Key, checksum.Value);
            response.Headers[checksum.Key] = checksum.Value;
        }

        StoredObject stored = objects.Commit(
            request.Bucket, request.Key, staged, StagedFile.ETagOf(received.Md5), attributes, condition);
        response.Headers.ETag = stored.ETag;
    }

    public async Task CopyAsync(S3Request request, CopySource source)
    {
        WriteCondition condition = WriteCondition.Of(request);
        bool replacesAttributes = "REPLACE".Equals(request.Header("x-amz-metadata-directive"), StringComparison.OrdinalIgnoreCase);
        if (!replacesAttributes && source == new CopySource(request.Bucket, request.Key))
            throw S3Error.InvalidRequest.Because("An object cannot be copied to itself without changing its metadata");

        buckets.Require(request.Bucket);
        using OpenObject open = source.Open(request, objects);
        using var staged = new StagedFile(folder);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        await staged.AppendAsync(open.Handle, 0, open.Object.Size, md5.AppendData, request.Aborted);
        if (open.WasChanged)
            throw S3Error.InternalError.Because($"The file of '{source.Key}' was written to while it was copied");

        ObjectAttributes attributes = replacesAttributes
            ? ObjectHeaders.FromRequest(request) with { Checksums = open.Object.Attributes.Checksums }
            : open.Object.Attributes;
        StoredObject stored = objects.Commit(
            request.Bucket, request.Key, staged, StagedFile.ETagOf(md5.GetHashAndReset()), attributes, condition);
        await S3Xml.SendAsync(request, "CopyObjectResult", xml =>
        {
            xml.WriteElementString("ETag", stored.ETag);
            xml.WriteTime("LastModified", stored.LastModified);
        });
    }

    public Task DeleteAsync(S3Request request)
    {
        objects.Delete(request.Bucket, request.Key, WriteCondition.Of(request));
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    public async Task DeleteManyAsync(S3Request request, Caller caller)
    {
        buckets.Require(request.Bucket);
        if (!IsVouchedFor(request))
            throw S3Error.InvalidRequest.Because("Missing required header for this request: Content-MD5 or x-amz-checksum-*");
        using var body = new MemoryStream();
        await new RequestPayload(request, caller).ReceiveAsync(body, ChecksumOf.Body, request.Aborted);
        body.Position = 0;
        XElement delete = S3Xml.Read(body, "Delete");
        bool quiet = delete.Child("Quiet") == "true";

        var entries = delete.Elements().Where(e => e.Name.LocalName == "Object").ToList();
        if (entries.Count is 0 or > 1000)
            throw S3Error.MalformedXml.ToException();
        var failures = new List<(string Key, S3Error Error)>();
        var deleted = new List<string>();
        foreach (XElement entry in entries)
        {
            string key = entry.Child("Key") ?? throw S3Error.MalformedXml.ToException();
            try
            {
                if (entry.Child("VersionId") is not (null or "" or "null"))
                    throw S3Error.NotImplemented.Because("This development endpoint does not keep versions");
                objects.Delete(request.Bucket, key, WriteCondition.Always);
                deleted.Add(key);
            }
            catch (S3Exception e)
            {
                failures.Add((key, e.Error));
            }
        }

        await S3Xml.SendAsync(request, "DeleteResult", xml =>
        {
            foreach (string key in quiet ? [] : deleted)
            {
                xml.WriteStartElement("Deleted");
                xml.WriteElementString("Key", key);
                xml.WriteEndElement();
            }
            foreach ((string key, S3Error error) in failures)
            {
                xml.WriteStartElement("Error");
                xml.WriteElementString("Key", key);
                xml.WriteElementString("Code", error.Code);
                xml.WriteElementString("Message", error.Message);
                xml.WriteEndElement();
            }
        });
    }

    /// <summary>S3 deletes nothing on the word of a body that may have been damaged on its way.</summary>
    private static bool IsVouchedFor(S3Request request) => request.Header("Content-MD5") is not null
        || (request.Header("x-amz-trailer") ?? "").StartsWith(Checksum.HeaderPrefix, StringComparison.OrdinalIgnoreCase)
        || request.Http.Request.Headers.Keys.Any(name => name.StartsWith(Checksum.HeaderPrefix, StringComparison.OrdinalIgnoreCase));
}
