# Stands for a real network: remembers its inputs, and shows what a child process sees of its identity.
locals {
  id = "vpc-${var.namespace}-${var.stage}-${var.name}"
}

resource "terraform_data" "vpc" {
  count = var.enabled ? 1 : 0

  input = {
    id      = local.id
    cidr    = var.cidr
    region  = var.region
    subnets = { for index, cidr in var.subnets : "subnet-${index}" => cidr }
    tags    = var.tags
  }

  provisioner "local-exec" {
    command = "${path.module}/../../bin/show-identity 'vpc of ${var.stage}'"
  }
}
