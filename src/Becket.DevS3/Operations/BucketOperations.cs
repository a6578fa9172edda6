using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Operations;

/// <summary>ListBuckets, CreateBucket, DeleteBucket, HeadBucket and GetBucketLocation.</summary>
internal sealed class BucketOperations(DevS3Options options, BucketFolders buckets)
{
    private const string DefaultRegion = "us-east-1";

    private string Region => options.Region ?? DefaultRegion;

    public Task ListAsync(S3Request request) => S3Xml.SendAsync(request, "ListAllMyBucketsResult", xml =>
    {
        xml.WriteStartElement("Owner");
        xml.WriteElementString("ID", "becket");
        xml.WriteElementString("DisplayName", "becket");
        xml.WriteEndElement();
        xml.WriteStartElement("Buckets");
        foreach ((string name, DateTimeOffset created) in buckets.List())
        {
            xml.WriteStartElement("Bucket");
            xml.WriteElementString("Name", name);
            xml.WriteTime("CreationDate", created);
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    });

    public Task CreateAsync(S3Request request)
    {
        // A body, if there is one, only names the region: there is one region here.
        buckets.Create(request.Bucket);
        request.Http.Response.Headers.Location = "/" + request.Bucket;
        return Task.CompletedTask;
    }

    public Task DeleteAsync(S3Request request)
    {
        buckets.Delete(request.Bucket);
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    public Task HeadAsync(S3Request request)
    {
        buckets.Require(request.Bucket);
        request.Http.Response.Headers["x-amz-bucket-region"] = Region;
        return Task.CompletedTask;
    }

    /// <summary>The region as text; S3 answers its first region, us-east-1, with nothing.</summary>
    public Task GetLocationAsync(S3Request request)
    {
        buckets.Require(request.Bucket);
        return S3Xml.SendAsync(request, "LocationConstraint", xml => xml.WriteString(Region == DefaultRegion ? "" : Region));
    }
}
